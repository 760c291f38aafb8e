import type { Command } from 'commander'
import { type Invocation, onAction, type Registry } from '../command.ts'
import { withExamples } from '../examples.ts'
import { EXIT, type ExitCode } from '../exit-codes.ts'

interface BackupOptions {
  readonly config: string
}

/** Adds `scitokens issuer backup`. */
export function addIssuerBackup(group: Command, registry: Registry): void {
  const command = group
    .command('backup')
    .summary('copy the database while the issuer runs')
    .description(
      'Copies the SQLite database of an issuer, as it is at one moment, while it runs. The master key is kept apart: one without the other is worth nothing.',
    )
    .argument('<file>', 'the copy; never replaces one')
    .requiredOption('--config <file>', 'the configuration of the issuer')
  withExamples(command, [
    ['each night', 'scitokens issuer backup --config /etc/scitokens/issuer.yaml "/backup/issuer-$(date +%F).sqlite"'],
  ])
  onAction(command, registry, backup)
}

async function backup({ output, options }: Invocation<BackupOptions>, file: string): Promise<ExitCode> {
  const { backupIssuer } = await import('@scitokens/issuer-server')
  const { database } = await backupIssuer(options.config, file)
  output.result({ ok: true, database, copy: file }, () => `copied ${database} to ${file}`)
  return EXIT.yes
}
