import { existsSync } from 'node:fs'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import { InvalidRequestError } from '@scitokens/core'
import { readUrl } from '@scitokens/core/internal'
import type { OAuthClient, TokenManager } from '@scitokens/token-manager'
import type { Command } from 'commander'
import type { CliContext } from './context.ts'
import { certificateAuthorities } from './certificate-authorities.ts'

/** Options of the commands that keep logins. */
export interface StateOptions {
  readonly stateDir?: string
  readonly ca?: readonly string[]
  readonly dangerouslyAllowLoopbackHttp?: boolean
}

/** Adds the options of {@link StateOptions}. */
export function withStateOptions(command: Command): Command {
  return command
    .option('--state-dir <dir>', 'where logins are kept (default: $XDG_DATA_HOME/scitokens/token-manager)')
    .option('--ca <path>', 'CA file, or hashed directory; repeatable', (value: string, previous?: string[]) => [
      ...(previous ?? []),
      value,
    ])
    .option('--dangerously-allow-loopback-http', 'accept issuers at http:// on this machine: for tests')
}

/** Opens the state of this user, or the one that `--state-dir` names. */
export async function openManager(options: StateOptions, context: CliContext): Promise<TokenManager> {
  const { TokenManager } = await import('@scitokens/token-manager')
  const keyFile = context.env['SCITOKENS_KEY_FILE']
  return TokenManager.open({
    stateDirectory: stateDirectoryOf(options, context.env),
    clock: context.clock,
    oauth: await openOAuthClient(options, context),
    ...(keyFile ? { keyFile } : {}),
  })
}

/** Opens the state for some work, and closes it. Not by `using`, which is no syntax of Node 22: the sources run there as they are. */
export async function withManager<T>(
  { options, context }: { readonly options: StateOptions; readonly context: CliContext },
  work: (manager: TokenManager) => T | Promise<T>,
): Promise<T> {
  const manager = await openManager(options, context)
  try {
    return await work(manager)
  } finally {
    manager.close()
  }
}

/** What speaks to issuers. */
export async function openOAuthClient(options: StateOptions, { clock, env }: CliContext): Promise<OAuthClient> {
  const { createFetch } = await import('@scitokens/host/https')
  const { OAuthClient } = await import('@scitokens/token-manager')
  const { proxiesFromEnvironment } = await import('@scitokens/environment')
  const dangerouslyAllowLoopbackHttp = options.dangerouslyAllowLoopbackHttp ?? false
  const connection = { ...certificateAuthorities(options.ca), proxies: proxiesFromEnvironment(env) }
  const fetch = createFetch({ ...connection, dangerouslyAllowLoopbackHttp })
  return new OAuthClient({ fetch, clock, dangerouslyAllowLoopbackHttp })
}

/** The state directory that the options name, or this user's own. */
export function stateDirectoryOf({ stateDir }: StateOptions, env: CliContext['env']): string {
  return stateDir ?? defaultStateDirectory(env)
}

const SYSTEM_SOCKET_DIRECTORY = '/run/scitokens'

/** Where a manager puts its socket when it is not told. */
export function defaultSocketDirectory(env: CliContext['env']): string {
  const runtime = env['XDG_RUNTIME_DIR']
  if (process.geteuid?.() === 0) return SYSTEM_SOCKET_DIRECTORY
  if (runtime?.startsWith('/')) return join(runtime, 'scitokens')
  throw new InvalidRequestError('invalid_request', 'XDG_RUNTIME_DIR is not set: name a directory with --socket-dir')
}

/** The socket of a running manager: the one of the user, else the one of the machine. */
export function socketOf(directory: string | undefined, env: CliContext['env']): string {
  const own = env['XDG_RUNTIME_DIR'] ? [join(env['XDG_RUNTIME_DIR'], 'scitokens')] : []
  const places = directory === undefined ? [...own, SYSTEM_SOCKET_DIRECTORY] : [directory]
  const sockets = places.map((place) => join(place, 'manager.sock'))
  return sockets.find((socket) => existsSync(socket)) ?? sockets.at(-1)!
}

function defaultStateDirectory(env: CliContext['env']): string {
  return join(dataDirectory(env), 'token-manager')
}

/** Where the program keeps what is the user's own. Throws `invalid_request` where there is no home. */
export function dataDirectory(env: CliContext['env']): string {
  const base = env['XDG_DATA_HOME']?.startsWith('/') ? env['XDG_DATA_HOME'] : join(homeDirectory(env), '.local/share')
  return join(base, 'scitokens')
}

function homeDirectory(env: CliContext['env']): string {
  const home = env['HOME'] ?? userInfo().homedir
  if (!home.startsWith('/'))
    throw new InvalidRequestError('invalid_request', 'HOME is not set: name a directory with --state-dir')
  return home
}

/** The name under which this user's own logins are kept. */
export function ownName(): string {
  try {
    return userInfo().username
  } catch {
    return `uid-${process.getuid?.() ?? 0}` // no entry in the password database, as in containers
  }
}

/** A service name for an issuer: its host, with what no service name has left out. */
export function serviceOf(issuer: string): string {
  const url = readUrl(issuer)
  if (url === undefined) throw new InvalidRequestError('invalid_request', 'the issuer must be given as its https URL')
  const { hostname, pathname } = url
  return `${hostname}${pathname}`
    .replaceAll(/[^A-Za-z0-9]+/g, '-')
    .replaceAll(/^-|-$/g, '')
    .slice(0, 64)
}

/** A login by the words on the command line: its service (and handle), its issuer, or nothing when there is only one. */
export async function findLogin(
  manager: TokenManager,
  name: string | undefined,
): Promise<{ readonly owner: string; readonly service: string; readonly handle: string }> {
  const logins = await manager.list(ownName())
  if (name === undefined && logins.length > 1) {
    const names = logins.map(({ service, handle }) => (handle === '' ? service : `${service}_${handle}`))
    throw new InvalidRequestError('invalid_request', `there are several logins, name one: ${names.join(', ')}`)
  }
  const [service = '', handle = ''] = (name ?? '').split('_', 2)
  const found =
    name === undefined
      ? logins[0]
      : logins.find((login) => (login.service === service && login.handle === handle) || login.issuer === name)
  if (found) return { owner: found.owner, service: found.service, handle: found.handle }
  throw new InvalidRequestError(
    'no_credentials',
    name === undefined ? 'nobody is logged in: use scitokens login ISSUER' : `there is no login ${name}`,
  )
}
