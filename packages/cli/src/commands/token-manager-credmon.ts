import { InvalidRequestError } from '@scitokens/core'
import { given } from '@scitokens/core/internal'
import type { CredmonEvent, CredmonProvider, TokenManager } from '@scitokens/token-manager'
import { type Command, Option } from 'commander'
import { type Invocation, onAction, type Registry } from '../command.ts'
import { ended } from '../ended.ts'
import { withExamples } from '../examples.ts'
import { EXIT, type ExitCode } from '../exit-codes.ts'
import { readJsonFile, readTextFile } from '../files.ts'
import { parseSeconds } from '../option-parsers.ts'
import type { Output } from '../output.ts'
import { withManager, type StateOptions, stateDirectoryOf, withStateOptions } from '../submit-host.ts'
import { tell } from './token-manager-serve.ts'

interface CredmonCommandOptions extends StateOptions {
  readonly directory: string
  readonly format: 'json' | 'bare'
  readonly providers?: string
  readonly sweepDelay: number
}

/** Adds `scitokens token-manager credmon` and `job-wrapper`. */
export function addCredmon(group: Command, registry: Registry): void {
  const command = group
    .command('credmon')
    .summary("run as HTCondor's credential monitor")
    .description(
      "Makes and renews .use files in HTCondor's credential directory by its own contract, until SIGTERM; SIGHUP makes it look at once. " +
        'Set CREDMON_OAUTH to a script that runs it.',
    )
    .requiredOption('--directory <dir>', "HTCondor's SEC_CREDENTIAL_DIRECTORY_OAUTH")
    .addOption(new Option('--format <format>', 'what .use files hold').choices(['json', 'bare']).default('json'))
    .option('--providers <file>', 'JSON: how tokens are had for services whose .top is only a request mark')
    .option('--sweep-delay <seconds>', 'how long a user without jobs keeps credentials', parseSeconds, 3600)
  withExamples(withStateOptions(command), [
    [
      'as OAuth credmon',
      'scitokens token-manager credmon --directory /var/lib/condor/oauth_credentials --state-dir /var/lib/scitokens',
    ],
  ])
  onAction(command, registry, credmon)

  const wrapper = group
    .command('job-wrapper')
    .summary('write a job wrapper for HTCondor')
    .description(
      "Writes a shell script for HTCondor's USER_JOB_WRAPPER: it sets BEARER_TOKEN_FILE for jobs with OAuth credentials.",
    )
  withExamples(wrapper, [
    ['install it', 'scitokens token-manager job-wrapper > /usr/local/libexec/scitokens-job-wrapper'],
  ])
  onAction(wrapper, registry, async ({ output }: Invocation<object>): Promise<ExitCode> => {
    const { readJobWrapper } = await import('@scitokens/token-manager')
    const script = readJobWrapper()
    output.result({ script }, () => script)
    return EXIT.yes
  })
}

async function credmon(invocation: Invocation<CredmonCommandOptions>): Promise<ExitCode> {
  const { context, options } = invocation
  const { lockInstance } = await import('@scitokens/token-manager')
  const providers = options.providers === undefined ? undefined : readProviders(options.providers, context.stdinFd)
  return withManager(invocation, async (manager) => {
    const lock = lockInstance(stateDirectoryOf(options, context.env))
    try {
      await monitorUntilEnd(manager, providers, invocation)
    } finally {
      lock[Symbol.dispose]()
    }
    return EXIT.yes
  })
}

async function monitorUntilEnd(
  manager: TokenManager,
  providers: Record<string, CredmonProvider> | undefined,
  { context, output, options }: Invocation<CredmonCommandOptions>,
): Promise<void> {
  const { Credmon } = await import('@scitokens/token-manager')
  const monitor = new Credmon(manager, {
    directory: options.directory,
    format: options.format,
    sweepDelay: options.sweepDelay,
    ...given({ providers }),
    renewer: { onEvent: (event) => tell(output, event) },
    onEvent: (event) => tellCredmon(output, event),
  })
  const scan = (): void => void monitor.scan()
  const quit = new AbortController()
  const end = (): void => quit.abort()
  process.on('SIGHUP', scan)
  process.on('SIGQUIT', end)
  try {
    await monitor.start()
    output.event({ type: 'ready', directory: options.directory }, `ready in ${options.directory}`)
    await ended(AbortSignal.any([context.signal, quit.signal]))
  } finally {
    process.off('SIGHUP', scan)
    process.off('SIGQUIT', end)
    await monitor.stop()
  }
}

function tellCredmon(output: Output, event: CredmonEvent): void {
  const words =
    event.type === 'problem'
      ? `${event.file}: ${event.why}`
      : `${event.type} ${event.owner}${event.type === 'ready' ? ` ${event.name}` : ''}`
  output.event(event, words)
}

/** `{ SERVICE: { issuer, clientId, clientSecretFile, scopes, audience } }`. */
function readProviders(file: string, stdinFd: number): Record<string, CredmonProvider> {
  const document = readJsonFile(file, stdinFd)
  const problem = (service: string, what: string): InvalidRequestError =>
    new InvalidRequestError('invalid_request', `${file}: the service ${service} ${what}`)
  if (typeof document !== 'object' || document === null)
    throw new InvalidRequestError('invalid_request', `${file} is no JSON object`)
  return Object.fromEntries(
    Object.entries(document as Record<string, Record<string, unknown>>).map(([service, entry]) => {
      const { issuer, clientId, clientSecretFile, scopes, audience, ...unknown } = entry
      const [stray] = Object.keys(unknown)
      if (stray !== undefined) throw problem(service, `has an unknown key ${stray}`)
      if (typeof issuer !== 'string') throw problem(service, 'has no issuer')
      if (typeof clientId !== 'string') throw problem(service, 'has no clientId')
      if (typeof clientSecretFile !== 'string') throw problem(service, 'has no clientSecretFile')
      const clientSecret = readTextFile(clientSecretFile, stdinFd).trim()
      return [service, { issuer, clientId, clientSecret, scopes: strings(scopes), audience: strings(audience) }]
    }),
  )
}

function strings(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.map(String) : []
}
