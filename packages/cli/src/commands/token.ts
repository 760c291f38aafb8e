import { given } from '@scitokens/core/internal'
import type { Command } from 'commander'
import { type Invocation, onAction, type Registry } from '../command.ts'
import { withExamples } from '../examples.ts'
import { EXIT, type ExitCode } from '../exit-codes.ts'
import { collect, parseSeconds } from '../option-parsers.ts'
import { findLogin, withManager, type StateOptions, withStateOptions } from '../submit-host.ts'

interface TokenCommandOptions extends StateOptions {
  readonly scope?: readonly string[]
  readonly audience?: readonly string[]
  readonly minLifetime: number
  readonly write?: string | true
  readonly purpose?: string
}

/** Adds `scitokens token`. */
export function addToken(program: Command, registry: Registry): void {
  const command = program
    .command('token')
    .summary('get a fresh access token')
    .description(
      'Prints an access token of a login, or writes it where bearer token discovery finds it (mode 0600, atomically, never ' +
        'through a link). A token that lives long enough is used again.',
    )
    .argument('[login]', 'service or issuer; may be left out when there is one login only')
    .option('--scope <scope>', 'ask for less than the login has; repeatable', collect)
    .option('--audience <name>', 'for which services; repeatable', collect)
    .option('--min-lifetime <seconds>', 'renew a token that lives shorter than this', parseSeconds, 60)
    .option('--write [file]', 'write it to a file; default: where discovery looks')
    .option('--purpose <name>', 'a suffix of the file, where several tokens are kept')
  withExamples(withStateOptions(command), [
    [
      'for a tool that takes a token',
      'curl -H @<(printf "Authorization: Bearer %s" "$(scitokens token)") https://se.example/store/file',
    ],
    ['for everything that discovers one, from cron', 'scitokens token --write --min-lifetime 20m'],
    ['one that can only write one directory', 'scitokens token vo-example --scope write:/store/ana/run7'],
  ])
  onAction(command, registry, token)
}

async function token(invocation: Invocation<TokenCommandOptions>, name?: string): Promise<ExitCode> {
  const { context, output, options } = invocation
  const { tokenFileLocation } = await import('@scitokens/token-manager')
  const { writePrivateFile } = await import('@scitokens/host/files')
  const { token: text, expiresAt } = await withManager(invocation, async (manager) => {
    const login = await findLogin(manager, name)
    const asked = manager.accessToken({
      ...login,
      minLifetime: options.minLifetime,
      signal: context.signal,
      ...given({ scopes: options.scope, audience: options.audience }),
    })
    return output.progress(`asking the issuer of ${login.service}`, asked)
  })
  if (options.write === undefined) {
    output.result({ ok: true, token: text, expiresAt }, () => text)
    return EXIT.yes
  }
  const file = options.write === true ? tokenFileLocation(context.env, options.purpose) : options.write
  writePrivateFile(file, `${text}\n`, { what: 'the token file' })
  output.result({ ok: true, file, expiresAt }, () => file)
  return EXIT.yes
}
