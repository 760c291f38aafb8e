import { InvalidRequestError } from '@scitokens/core'
import type { Command } from 'commander'
import { type Invocation, onAction, type Registry } from '../command.ts'
import { withExamples } from '../examples.ts'
import { EXIT, type ExitCode } from '../exit-codes.ts'

/** Adds `scitokens discover`. */
export function addDiscover(program: Command, registry: Registry): void {
  const command = program
    .command('discover')
    .summary('say which token this environment offers')
    .description(
      'Looks for a bearer token as jobs and tools do (BEARER_TOKEN, BEARER_TOKEN_FILE, $XDG_RUNTIME_DIR/bt_uUID, /tmp/bt_uUID) ' +
        'and says where it is. Exit status 1 when there is none.',
    )
    .option('--print', 'print the token itself')
  withExamples(command, [
    ['where would a job find its token?', 'scitokens discover'],
    [
      'use it',
      'curl -H @<(printf "Authorization: Bearer %s" "$(scitokens discover --print)") https://se.example/store/file',
    ],
  ])
  onAction(command, registry, discover)
}

async function discover({ context, output, options }: Invocation<{ print?: boolean }>): Promise<ExitCode> {
  const { discoverToken } = await import('@scitokens/environment')
  const found = discoverToken({ env: context.env })
  if (!found) {
    const places = 'BEARER_TOKEN, BEARER_TOKEN_FILE, $XDG_RUNTIME_DIR and /tmp'
    if (output.json) output.result({ found: false }, () => '')
    else output.failure(new InvalidRequestError('invalid_request', `there is no token in ${places}`))
    return EXIT.no
  }
  output.result({ found: true, source: found.source, ...(options.print ? { token: found.token } : {}) }, () =>
    options.print ? found.token : found.source,
  )
  return EXIT.yes
}
