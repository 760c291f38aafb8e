import type { Socket } from 'node:net'
import { isAbsolute, join } from 'node:path'
import {
  ConfigError,
  InvalidRequestError,
  type JsonObject,
  type JsonValue,
  NotAllowedError,
  SciTokenError,
} from '@scitokens/core'
import {
  callable,
  given,
  listOf,
  type OptionReaders,
  quote,
  readOptions,
  text as readText,
  whole,
  wrong,
} from '@scitokens/core/internal'
import { directoryInOtherHands, makeDirectory } from '@scitokens/host/files'
import { readLines, sendLine } from './line-protocol.ts'
import { PeerChallenges } from './peer-identity.ts'
import type { TokenManager } from '../manager/token-manager.ts'
import type { Account, AccountLookup } from './user-directory.ts'

/** Options of {@link ManagerServer}. */
export interface ManagerServerOptions {
  /** Directory of the socket `manager.sock`; made (0755) when it is missing. It and its parents must belong to the manager. */
  readonly socketDirectory: string
  /** User ids that may ask for every owner and have job files written: queue managers. Root always is. */
  readonly queueManagers?: readonly number[]
  /** Looks accounts of this machine up: {@link systemAccounts}. */
  readonly accounts: AccountLookup
  /** Milliseconds without a word after which a connection is ended. Default: 60 000. */
  readonly idleMs?: number
}

/** How the options of {@link ManagerServerOptions} are read. */
export const SERVER_READERS: OptionReaders<ManagerServerOptions> = {
  socketDirectory: readText,
  queueManagers: listOf(whole(0, 0xffff_fffe, 'user id'), { empty: true }),
  accounts: callable<AccountLookup>(),
  idleMs: whole(1, 2_000_000_000, 'milliseconds'),
}

/** Name of the socket in its directory. */
export const SOCKET_NAME = 'manager.sock'

/** How long a manager that ends waits for the question of whoever has just come, in milliseconds. */
const FIRST_QUESTION_MS = 1000

/** Who is at the other end. */
interface Peer {
  readonly account: Account | undefined
  readonly isQueueManager: boolean
}

type Handler = (parameters: JsonObject, peer: Peer, signal: AbortSignal) => unknown

/**
 * What is said with users and queue managers of this machine on the manager's socket. Users act for themselves; queue managers act for
 * everybody and say where job files go. No answer ever holds a refresh token.
 */
export class ManagerServer {
  readonly #manager: TokenManager
  readonly #options: ManagerServerOptions
  readonly #challenges: PeerChallenges
  /** Connections on which nothing was asked yet. */
  readonly #new = new Set<Socket>()
  /** Connections that have their answer, and may ask again. */
  readonly #idle = new Set<Socket>()
  #isDraining = false
  /** Path of the socket. */
  readonly path: string

  /** Makes and opens nothing yet. Throws `config_error` for options that make no sense. */
  constructor(manager: TokenManager, serving: ManagerServerOptions) {
    const options = readOptions<ManagerServerOptions>(serving, SERVER_READERS)
    if (options.socketDirectory === undefined) throw wrong('socketDirectory', 'a directory', undefined)
    if (options.accounts === undefined) throw wrong('accounts', 'a function', undefined)
    this.#manager = manager
    this.#options = options
    this.#challenges = new PeerChallenges(join(options.socketDirectory, 'peers'))
    this.path = join(options.socketDirectory, SOCKET_NAME)
  }

  /** Makes the directories that serving needs. Throws `config_error` when others could replace the socket. */
  prepare(): void {
    makeSocketDirectory(this.#options.socketDirectory)
    this.#challenges.prepare()
  }

  /** Ends connections that have their answer, and the others when they have theirs. */
  drain(): void {
    this.#isDraining = true
    for (const socket of this.#idle) socket.destroySoon()
    for (const socket of this.#new) socket.setTimeout(FIRST_QUESTION_MS)
  }

  /** Serves a connection to its end. */
  async serve(socket: Socket): Promise<void> {
    const gone = new AbortController()
    this.#new.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => {
      gone.abort()
      this.#new.delete(socket)
      this.#idle.delete(socket)
    })
    socket.setTimeout(this.#options.idleMs ?? 60_000, () => socket.destroy())
    const challenge = this.#challenges.issue()
    try {
      sendLine(socket, { challenge })
      const lines = readLines(socket)
      if ((await lines.next()).done) return
      const peer = await this.#identify(challenge)
      sendLine(socket, { ok: true, user: peer.account?.name ?? null })
      for await (const message of lines) {
        const { id = null, method, parameters } = message
        this.#new.delete(socket)
        this.#idle.delete(socket)
        sendLine(socket, { id, ...(await this.#answer(method, parameters, peer, gone.signal)) })
        if (this.#isDraining) return socket.destroySoon()
        if (!socket.destroyed) this.#idle.add(socket)
      }
    } catch (error) {
      sendLine(socket, failureOf(error))
    } finally {
      this.#challenges.abandon(challenge)
      socket.end()
    }
  }

  async #identify(challenge: string): Promise<Peer> {
    const uid = this.#challenges.settle(challenge)
    const isQueueManager = uid === 0 || (this.#options.queueManagers?.includes(uid) ?? false)
    const account = await this.#options.accounts(uid)
    if (!account && !isQueueManager) throw new NotAllowedError('peer_not_allowed', `user ${uid} has no account here`)
    return { account, isQueueManager }
  }

  async #answer(
    method: JsonValue | undefined,
    parameters: JsonValue | undefined,
    peer: Peer,
    signal: AbortSignal,
  ): Promise<object> {
    try {
      const known = typeof method === 'string' && Object.hasOwn(this.#methods, method)
      const handler = known ? this.#methods[method] : undefined
      if (!handler)
        throw new InvalidRequestError('invalid_request', `${quote(method)} is no method of the token manager`)
      return { ok: true, result: (await handler(asObject(parameters ?? {}), peer, signal)) ?? {} }
    } catch (error) {
      return failureOf(error)
    }
  }

  readonly #methods: Readonly<Record<string, Handler>> = {
    enrol: (parameters, peer) =>
      this.#manager.enrol({
        ...this.#nameOf(parameters, peer),
        ...wishOf(parameters),
        issuer: text(parameters, 'issuer'),
        clientId: text(parameters, 'clientId'),
        ...optionalText(parameters, 'clientSecret'),
        ...optionalText(parameters, 'secret'),
        ...(parameters['kind'] === 'base_token' ? { kind: 'base_token' as const } : {}),
      }),
    token: (parameters, peer, signal) =>
      this.#manager.accessToken({
        ...this.#nameOf(parameters, peer),
        ...wishOf(parameters),
        ...optionalNumber(parameters, 'minLifetime'),
        signal,
      }),
    deliver: async (parameters, peer) => {
      queueManagersOnly(peer)
      const name = this.#nameOf(parameters, peer)
      const file = text(parameters, 'file')
      if (!isAbsolute(file))
        throw new InvalidRequestError('invalid_request', 'a job file is given by its absolute path')
      const account = await this.#options.accounts(name.owner.split('@')[0]!)
      if (!account) throw new InvalidRequestError('invalid_request', `${quote(name.owner)} has no account here`)
      // Only root can give files away; a manager of one user serves that user's jobs.
      const newOwner = process.geteuid?.() === 0 ? { uid: account.uid, gid: account.gid } : {}
      const format = parameters['format'] === 'json' ? 'json' : 'bare'
      const { expiresAt } = await this.#manager.deliver({ ...name, ...wishOf(parameters), ...newOwner, file, format })
      return { file, expiresAt }
    },
    forget: async (parameters, peer) => {
      queueManagersOnly(peer)
      return { known: await this.#manager.forget(text(parameters, 'file')) }
    },
    list: async (parameters, peer) => {
      const all = peer.isQueueManager && parameters['owner'] === undefined
      return { logins: await this.#manager.list(all ? undefined : this.#ownerOf(parameters, peer)) }
    },
    logout: async (parameters, peer) => {
      const { revoked, problem } = await this.#manager.logout(this.#nameOf(parameters, peer))
      return { revoked, ...given({ problem: problem?.message }) }
    },
  }

  #nameOf(parameters: JsonObject, peer: Peer): { owner: string; service: string; handle: string } {
    const handle = (parameters['handle'] ?? '') === '' ? '' : text(parameters, 'handle')
    return { owner: this.#ownerOf(parameters, peer), service: text(parameters, 'service'), handle }
  }

  #ownerOf(parameters: JsonObject, { account, isQueueManager }: Peer): string {
    const own = account?.name
    const owner = parameters['owner'] === undefined ? own : text(parameters, 'owner')
    if (owner === undefined) throw new InvalidRequestError('invalid_request', 'say whose login is meant: owner')
    if (owner === own || isQueueManager) return owner
    throw new NotAllowedError('peer_not_allowed', `${quote(own)} may not act for ${quote(owner)}`)
  }
}

function queueManagersOnly({ isQueueManager, account }: Peer): void {
  if (isQueueManager) return
  throw new NotAllowedError('peer_not_allowed', `${quote(account?.name)} is no queue manager`)
}

function asObject(value: JsonValue): JsonObject {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as JsonObject
  throw new InvalidRequestError('invalid_request', 'parameters must be an object')
}

function text(parameters: JsonObject, name: string): string {
  const value = parameters[name]
  if (typeof value === 'string' && value !== '') return value
  throw new InvalidRequestError('invalid_request', `the parameter ${name} is missing`)
}

function optionalText<Name extends string>(parameters: JsonObject, name: Name): { [key in Name]?: string } {
  return parameters[name] === undefined ? {} : ({ [name]: text(parameters, name) } as { [key in Name]: string })
}

function optionalNumber<Name extends string>(parameters: JsonObject, name: Name): { [key in Name]?: number } {
  const value = parameters[name]
  if (value === undefined) return {}
  if (typeof value !== 'number')
    throw new InvalidRequestError('invalid_request', `the parameter ${name} must be a number`)
  return { [name]: value } as { [key in Name]: number }
}

function wishOf(parameters: JsonObject): { scopes?: readonly string[]; audience?: readonly string[] } {
  const { scopes, audience } = parameters
  return {
    ...(scopes === undefined ? {} : { scopes: list(scopes, 'scopes') }),
    ...(audience === undefined ? {} : { audience: list(audience, 'audience') }),
  }
}

function list(value: JsonValue, name: string): readonly string[] {
  if (Array.isArray(value) && value.every((item) => typeof item === 'string')) return value
  throw new InvalidRequestError('invalid_request', `the parameter ${name} must be a list of strings`)
}

function failureOf(error: unknown): object {
  const known = error instanceof SciTokenError ? error : undefined
  const { code = 'undecided', family = 'undecided', message = 'unexpected failure', retryAfterSeconds } = known ?? {}
  return {
    ok: false,
    error: { code, family, message, ...given({ retryAfterSeconds }) },
  }
}

function makeSocketDirectory(directory: string): void {
  makeDirectory(directory, 0o755)
  const way = directoryInOtherHands(directory)
  if (way !== undefined)
    throw new ConfigError('config_error', `others could replace the socket in ${quote(directory)}: ${way}`)
}
