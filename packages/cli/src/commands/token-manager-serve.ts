import { InvalidRequestError } from '@scitokens/core'
import type { AccountLookup, RenewerEvent } from '@scitokens/token-manager'
import type { Command } from 'commander'
import { type Invocation, onAction, type Registry } from '../command.ts'
import { withExamples } from '../examples.ts'
import { EXIT, type ExitCode } from '../exit-codes.ts'
import { collect } from '../option-parsers.ts'
import type { Output } from '../output.ts'
import { serviceContext, warningsTo } from '../service-context.ts'
import {
  defaultSocketDirectory,
  withManager,
  type StateOptions,
  stateDirectoryOf,
  withStateOptions,
} from '../submit-host.ts'

interface ServeOptions extends StateOptions {
  readonly socketDir?: string
  readonly operations?: string
  readonly queueManager?: readonly string[]
}

/** Adds `scitokens token-manager serve`. */
export function addServe(group: Command, registry: Registry): void {
  const command = group
    .command('serve')
    .summary('run the token manager')
    .description(
      'Keeps logins and serves users and queue managers on a Unix socket until SIGTERM: tokens on demand, and job files that ' +
        'are renewed at half life. Run by root it serves every user of the machine, run by a user just that user.',
    )
    .option('--socket-dir <dir>', 'directory of the socket (default: /run/scitokens, or $XDG_RUNTIME_DIR/scitokens)')
    .option('--operations <address>', 'where /healthz, /readyz and /metrics are (default: nowhere)')
    .option('--queue-manager <user>', 'an account that may ask for every owner, as condor; repeatable', collect)
  withExamples(withStateOptions(command), [
    ['on a submit host, by systemd', 'scitokens token-manager serve --queue-manager condor'],
  ])
  onAction(command, registry, serve)
}

async function serve(invocation: Invocation<ServeOptions>): Promise<ExitCode> {
  const { context, output, options } = invocation
  const { startDaemon, systemAccounts } = await import('@scitokens/token-manager')
  const { parsePlace } = await import('@scitokens/service')
  const accounts = systemAccounts()
  const { clock: _, ...life } = serviceContext(context)
  const queueManagers = await Promise.all((options.queueManager ?? []).map((user) => uidOf(user, accounts)))
  await withManager(invocation, async (manager) => {
    const daemon = await startDaemon(manager, {
      stateDirectory: stateDirectoryOf(options, context.env),
      socketDirectory: options.socketDir ?? defaultSocketDirectory(context.env),
      queueManagers,
      accounts,
      renewer: { onEvent: (event) => tell(output, event) },
      logger: warningsTo(output),
      ...life,
      ...(options.operations !== undefined && { operations: parsePlace(options.operations) }),
    })
    output.event({ type: 'listening', socket: daemon.socket }, `listening on ${daemon.socket}`)
    await daemon.stopped
  })
  output.event({ type: 'ended' }, 'ended')
  return EXIT.yes
}

async function uidOf(user: string, accounts: AccountLookup): Promise<number> {
  const account = await accounts(/^\d+$/.test(user) ? Number(user) : user)
  if (account) return account.uid
  throw new InvalidRequestError('invalid_request', `there is no account ${user} on this machine`)
}

/** One line per renewal: who and where, never what. */
export function tell(output: Output, event: RenewerEvent): void {
  if (event.type === 'undelivered') {
    output.event({ type: event.type, file: event.file, why: event.error.message }, event.error.message)
    return
  }
  const { type, owner, service, handle } = event
  const name = handle === '' ? service : `${service}_${handle}`
  const why = event.type === 'failed' ? { code: event.error.code, why: event.error.message } : {}
  output.event({ type, owner, name, ...why }, [type, owner, name, ...Object.values(why)].join(' '))
}
