import { ConfigError, InvalidRequestError, type Path, SciTokenError, STORAGE_OPERATIONS } from '@scitokens/core'
import {
  choice,
  flag,
  having,
  type OptionReaders,
  quote,
  readOptions,
  recordOf,
  text,
  whole,
} from '@scitokens/core/internal'
import type { Enforcer } from '../../enforcement/enforcer.ts'
import type { ValidatedToken } from '../../decision/validated-token.ts'
import { type Allowed, type Decision, type Refused, refused } from '../../decision/decision.ts'
import { type Auth, createAuth, validatedOf } from './auth.ts'
import { bearerCandidate, type BearerOptions, checkBearer } from '../request/bearer.ts'
import { challenge } from '../answer/challenge.ts'
import type { HeaderSource } from '../request/headers.ts'
import { type MethodContext, type MethodRule, stepsOf } from '../request/methods.ts'
import { httpRefusal } from '../answer/status.ts'

/** Options of {@link createGuard}. */
export interface GuardOptions extends BearerOptions {
  readonly enforcer: Enforcer
  /** Whether a request without credentials is refused. With bad ones it always is. Default: true. */
  readonly required?: boolean
  /** `realm` of challenges. Default: none. */
  readonly realm?: string
  /** Absolute URL of the RFC 9728 metadata, told in challenges. */
  readonly resourceMetadata?: string
  /** Rules for methods that go before the table. */
  readonly methods?: Readonly<Record<string, MethodRule>>
  /** Refuse `..` in request paths. Default: true; a path that is resolved must also be *served* resolved. */
  readonly rejectDotSegments?: boolean
}

/** How the options of {@link GuardOptions} are read. */
export const GUARD_READERS: OptionReaders<GuardOptions> = {
  enforcer: having<Enforcer>('validateSoon', 'an Enforcer'),
  required: flag,
  realm: text,
  resourceMetadata: text,
  methods: readMethods,
  rejectDotSegments: flag,
  queryParameter: text,
  maxLength: whole(1, Number.MAX_SAFE_INTEGER, 'characters'),
}

/** A request, in no framework's words. */
export interface GuardRequest {
  readonly method: string
  /** The path that is served, as it came: not decoded, without query. */
  readonly path: string
  /** Undecoded. Only read where `queryParameter` is set. */
  readonly query?: string
  /** All header fields; give {@link fromRawHeaders} of Node's `rawHeaders`, so that a second `Authorization` is seen. */
  readonly headers: HeaderSource
  readonly signal?: AbortSignal
}

/** Where a request says who asks. */
export type Credentials = Pick<GuardRequest, 'headers' | 'query' | 'signal'>

/** What a request needs, where its method does not say. */
export interface Need {
  /** One authorization, or several of which any one is enough: `['storage.read', 'read']`. */
  readonly authz: string | readonly string[]
  /** Default: none, for authorizations without path. */
  readonly path?: string
  /** The path has been decoded already (a router's parameter). Default: false. */
  readonly pathIsDecoded?: boolean
  readonly isDirectory?: boolean
}

/** The answer of a guard: go on, or send this. */
export type GuardOutcome = Passed | Stopped

/** Go on. */
export interface Passed {
  readonly ok: true
  /** Undefined only where `required` is false and no credentials came. */
  readonly auth: Auth | undefined
  /** The normalised path that was judged: serve this one. */
  readonly path: Path | undefined
  readonly decision: Decision<ValidatedToken> | undefined
}

/** Send this, or throw `error` and let the app's handler do it. */
export interface Stopped {
  readonly ok: false
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  /** RFC 6750's words; empty where no credentials came. */
  readonly body: { readonly error?: string; readonly error_description?: string }
  readonly error: SciTokenError
}

/** Judges requests for any server. */
export interface Guard {
  /**
   * Who is asking? The token must be acceptable; what it allows is asked later. At once for a token that is known, else a
   * promise.
   */
  authenticate(request: Credentials): GuardOutcome | Promise<GuardOutcome>
  /** Is this allowed? `auth` is what {@link Guard.authenticate} gave. No waiting, no key, no signature. */
  check(auth: Auth | undefined, need: Need): GuardOutcome
  /** Is what the method does to the path allowed? The path that is handed back is that of the request, not of its destination. */
  checkMethod(
    auth: Auth | undefined,
    request: Pick<GuardRequest, 'method' | 'path'>,
    context?: Omit<MethodContext, 'method' | 'path'>,
  ): GuardOutcome
  /** Both in one call: what the method and path say, or what `need` says. Look at the outcome's `ok`. */
  decide(request: GuardRequest, need?: Need | Omit<MethodContext, 'method' | 'path'>): Promise<GuardOutcome>
  /** The answer for an error from anywhere in these packages. */
  refuse(error: SciTokenError, missing?: readonly string[]): Stopped
}

/** Makes a {@link Guard}. Express, Fastify and `scitokens authz-server` are thin skins over it. Throws `config_error`. */
export function createGuard(given: GuardOptions): Guard {
  const options = readOptions<GuardOptions>(given, GUARD_READERS)
  const { enforcer, required = true, rejectDotSegments = true } = options
  if (enforcer === undefined) throw new ConfigError('config_error', 'a guard needs an enforcer')

  const refuse = (error: SciTokenError, missing: readonly string[] = []): Stopped => {
    const { status, error: name, description } = httpRefusal(error)
    const authenticate = challenge(error, { ...options, missing })
    return {
      ok: false,
      status,
      headers: {
        'cache-control': 'no-store',
        ...(authenticate !== undefined && { 'www-authenticate': authenticate }),
        ...(status === 503 && { 'retry-after': String(Math.max(1, Math.ceil(error.retryAfterSeconds ?? 10))) }),
      },
      body: { ...(name && { error: name }), ...(description !== undefined && { error_description: description }) },
      error,
    }
  }

  const wait = async (bearer: string, token: Promise<ValidatedToken>): Promise<GuardOutcome> => {
    try {
      return passed(createAuth(bearer, await token))
    } catch (error) {
      return unacceptable(bearer, error)
    }
  }

  /** What cannot be a token at all is a malformed request rather than a bad token. */
  const unacceptable = (bearer: string | undefined, error: unknown): Stopped => {
    try {
      if (bearer !== undefined) checkBearer(bearer)
      return refuse(asSciTokenError(error))
    } catch (malformed) {
      return refuse(asSciTokenError(malformed))
    }
  }

  const authenticate = (request: Credentials): GuardOutcome | Promise<GuardOutcome> => {
    let bearer: string | undefined
    try {
      bearer = bearerCandidate(request, options)
      if (bearer === undefined) return required ? refuse(noCredentials()) : ANONYMOUS
      const token = enforcer.validateSoon(bearer, request.signal && { signal: request.signal })
      return token instanceof Promise ? wait(bearer, token) : passed(createAuth(bearer, token))
    } catch (error) {
      return unacceptable(bearer, error)
    }
  }

  const judge = (auth: Auth, decision: Decision<ValidatedToken>): GuardOutcome =>
    decision.allowed ? passed(auth, decision) : refuse(decision.error, decision.missing)

  const check: Guard['check'] = (auth, { authz, path, pathIsDecoded = false, isDirectory = false }) => {
    const token = validatedOf(auth)
    if (!auth || !token) return refuse(noCredentials())
    let first: Refused<ValidatedToken> | undefined
    const missing: string[] = []
    for (const name of typeof authz === 'string' ? [authz] : authz) {
      const decision = token.decide(
        path === undefined ? { authz: name } : { authz: name, path, pathIsDecoded, isDirectory, rejectDotSegments },
      )
      if (decision.allowed) return passed(auth, decision)
      first ??= decision
      missing.push(...decision.missing)
    }
    return refuse(first?.error ?? new InvalidRequestError('invalid_request', 'no authorization was asked for'), missing)
  }

  const checkMethod: Guard['checkMethod'] = (auth, request, context = {}) => {
    const token = validatedOf(auth)
    if (!auth || !token) return refuse(noCredentials())
    let first: GuardOutcome | undefined
    try {
      for (const step of stepsOf({ ...context, method: request.method, path: request.path }, options.methods)) {
        const outcome = judge(auth, token.decideOperation({ ...step, rejectDotSegments }))
        if (!outcome.ok) return outcome
        first ??= outcome
      }
    } catch (error) {
      return judge(auth, refused(asSciTokenError(error)))
    }
    return first ?? passed(auth)
  }

  const decide: Guard['decide'] = async (request, need = {}) => {
    const outcome = await authenticate(request)
    if (!outcome.ok) return outcome
    // Optional credentials do not make a question optional.
    if (!outcome.auth) return refuse(noCredentials())
    return 'authz' in need ? check(outcome.auth, need) : checkMethod(outcome.auth, request, need)
  }

  return { authenticate, check, checkMethod, decide, refuse }
}

function readMethods(value: unknown, name: string): NonNullable<GuardOptions['methods']> {
  const word = choice('none', ...STORAGE_OPERATIONS)
  const rule = (each: unknown, at: string): MethodRule =>
    typeof each === 'function' ? (each as MethodRule) : word(each, at)
  const read = recordOf(rule)(value, name)
  // RFC 9110 section 9.1: the names of methods are case-sensitive, and no server has one in small letters.
  const strange = Object.keys(read).find((method) => !/^[A-Z][A-Z-]*$/.test(method))
  if (strange === undefined) return read
  throw new ConfigError(
    'config_error',
    `${quote(strange)} in the option ${name} is no method: write ${strange.toUpperCase()}`,
  )
}

const ANONYMOUS: Passed = { ok: true, auth: undefined, path: undefined, decision: undefined }

function passed(auth: Auth, decision?: Allowed<ValidatedToken>): Passed {
  return { ok: true, auth, path: decision?.normalizedPath, decision }
}

function noCredentials(): InvalidRequestError {
  return new InvalidRequestError('no_credentials', 'the request has no credentials')
}

/** What is none of ours is a fault of the server, never "bad token". */
function asSciTokenError(error: unknown): SciTokenError {
  if (error instanceof SciTokenError) return error
  return new SciTokenError('config', 'config_error', 'the guard failed', { cause: error })
}
