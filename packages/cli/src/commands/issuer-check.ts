import type { Command } from 'commander'
import { type Invocation, onAction, type Registry } from '../command.ts'
import { withExamples } from '../examples.ts'
import { EXIT, type ExitCode } from '../exit-codes.ts'
import { issuerLogger } from '../issuer-logger.ts'

/** Adds `scitokens issuer check`. */
export function addIssuerCheck(group: Command, registry: Registry): void {
  const command = group
    .command('check')
    .summary('check a configuration file')
    .description(
      'Reads a configuration as serve would, secrets included, without listening and without touching its database.',
    )
    .argument('<file>', 'configuration in YAML or JSON')
  withExamples(command, [['before a restart', 'scitokens issuer check /etc/scitokens/issuer.yaml']])
  onAction(command, registry, check)
}

async function check({ context, output }: Invocation<object>, file: string): Promise<ExitCode> {
  const { checkIssuerConfig } = await import('@scitokens/issuer-server')
  const { issuer, realms } = await checkIssuerConfig(file, { env: context.env, logger: issuerLogger(context) })
  const issuers = realms?.map((realm) => realm.issuer) ?? [issuer]
  output.result({ ok: true, issuers }, () => `${file} is good: ${issuers.join(', ')}`)
  return EXIT.yes
}
