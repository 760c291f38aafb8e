import { ConfigError, formatScope, redactSecrets } from '@scitokens/core'
import {
  callable,
  choice,
  given,
  having,
  listOf,
  type OptionReaders,
  readOptions,
  redactTarget,
} from '@scitokens/core/internal'
import type { Auth } from '../guard/auth.ts'
import { readHost } from '../request/destination.ts'
import { asSciTokenError } from '../../decision/fault.ts'
import type { Stopped } from '../answer/refusal.ts'
import type { Guard } from '../guard/guard.ts'
import { type HeaderSource, headerValues } from '../request/headers.ts'
import { type Exists, type Judged, judgeMethod, type MethodOutcome, type MethodRequest } from '../guard/judge-method.ts'
import { URL_READERS, UrlNamespace, type UrlNamespaceOptions } from '../request/url-namespace.ts'

/**
 * Which server asks, and so where the original request is found. There is no falling back from one to another: a field that the
 * server in front does not set would be the client's own.
 *
 * - `nginx`: method and target of the question itself (`proxy_method $request_method`, `proxy_pass …$request_uri`); `auth_request`
 *   understands 401 and 403 only, so a malformed request is told as 403
 * - `envoy`: the same, every status understood (`ext_authz` over HTTP)
 * - `x-original`: the fields `X-Original-Method` and `X-Original-URI`
 * - `x-forwarded`: the fields `X-Forwarded-Method` and `X-Forwarded-Uri`
 */
export type FrontServer = 'nginx' | 'envoy' | 'x-original' | 'x-forwarded'

/** The names of all servers in front that can be asked by: see {@link FrontServer}. */
export const FRONT_SERVERS: readonly FrontServer[] = ['nginx', 'envoy', 'x-original', 'x-forwarded']

/** Options of {@link createAuthzHandler}. */
export interface AuthzHandlerOptions extends UrlNamespaceOptions {
  /** Judges the requests. */
  readonly guard: Guard
  /** Which server asks. */
  readonly front: FrontServer
  /** Whether something is at a path, so that PUT, COPY and MOVE can be told to create or to replace. Default: unknown, replace. */
  readonly exists?: Exists
  /** Hosts that a `Destination` may name besides the question's `Host`. Default: none. */
  readonly hosts?: readonly string[]
  /** Told of every decision. Default: nobody is. */
  readonly log?: (entry: AuthzLogEntry) => void
}

const AUTHZ_READERS: OptionReaders<AuthzHandlerOptions> = {
  ...URL_READERS,
  guard: having<Guard>('authenticate', 'a guard'),
  front: choice(...FRONT_SERVERS),
  exists: callable<Exists>(),
  hosts: listOf(readHost, { empty: true }),
  log: callable<NonNullable<AuthzHandlerOptions['log']>>(),
}

/** What the log is told of a decision. */
export interface AuthzLogEntry {
  /** Method of the original request. */
  readonly method: string
  /** Of the original request: the path as it came, and of a query the names. Tokens are taken out wherever they stand. */
  readonly target: string
  /** Whether the request may pass. */
  readonly allowed: boolean
  /** Status that the server in front was answered with. */
  readonly status: number
  /** `iss` of an acceptable token. */
  readonly issuer?: string | undefined
  /** `sub` of an acceptable token. */
  readonly subject?: string | undefined
  /** Why the request may not pass, as a code of `docs/errors.md`. */
  readonly code?: string
  /** The scope that allowed it, or a sentence that says why not. */
  readonly reason: string
}

/** A question of the server in front, in no framework's words. */
export interface AuthzQuestion {
  /** Method of the question itself. */
  readonly method: string
  /** Request target of the question itself: path and query, not decoded. */
  readonly target: string
  /** All header fields of the question. */
  readonly headers: HeaderSource
}

/** What to send back to the server in front. */
export interface AuthzAnswer {
  /** 200, or the status of the refusal. */
  readonly status: number
  /** Who asks and for which path (`X-SciTokens-…`, percent-encoded), or the fields of the refusal. */
  readonly headers: Readonly<Record<string, string>>
  /** Empty, or the refusal as JSON. */
  readonly body: string
}

const FIELDS: Readonly<Record<'x-original' | 'x-forwarded', readonly [method: string, target: string]>> = {
  'x-original': ['x-original-method', 'x-original-uri'],
  'x-forwarded': ['x-forwarded-method', 'x-forwarded-uri'],
}

/**
 * Answers a server in front that asks "may this request pass?": 200 with who asks and for what, or the refusal that the client
 * should get. Throws `config_error` for the options; what is given back never throws.
 */
export function createAuthzHandler(options: AuthzHandlerOptions): (question: AuthzQuestion) => Promise<AuthzAnswer> {
  const handler = new AuthzHandler(readOptions<AuthzHandlerOptions>(options, AUTHZ_READERS))
  return (question) => handler.answer(question)
}

/** A request that was judged, and who sent it. */
interface Verdict {
  readonly auth?: Auth | undefined
  readonly outcome: MethodOutcome
}

class AuthzHandler {
  readonly #options: AuthzHandlerOptions
  readonly #urls: UrlNamespace

  constructor({ prefix, namespace, ...options }: AuthzHandlerOptions) {
    if (options.guard === undefined || options.front === undefined)
      throw new ConfigError('config_error', 'say which guard decides, and which front asks')
    this.#options = options
    this.#urls = new UrlNamespace(given({ prefix, namespace }))
  }

  async answer(question: AuthzQuestion): Promise<AuthzAnswer> {
    try {
      const request = this.#originalRequest(question)
      const { auth, outcome } = await this.#judge(request, question.headers)
      return outcome.ok ? this.#allow(request, auth, outcome.judged) : this.#refuse(question, outcome)
    } catch (error) {
      const fault = asSciTokenError(error, 'the question could not be answered')
      return this.#refuse(question, this.#options.guard.refuse(fault))
    }
  }

  /** Who asks, and whether they may. */
  async #judge({ method, target }: OriginalRequest, headers: HeaderSource): Promise<Verdict> {
    const { guard, exists, hosts = [] } = this.#options
    const urls = this.#urls
    const url = urls.read(target, '', target)
    const who = await guard.authenticate({ query: url.query, headers })
    if (!who.ok) return { outcome: who }
    const request: MethodRequest = {
      method,
      path: () => urls.toJudge(url),
      headers,
      hosts,
      destination: (header, among) => urls.destination(header, url, among),
    }
    return { auth: who.auth, outcome: await judgeMethod(guard, who.auth, request, exists) }
  }

  #allow(request: OriginalRequest, auth: Auth | undefined, { path, grantedBy }: Judged): AuthzAnswer {
    const reason = grantedBy ? formatScope(grantedBy) : 'harmless'
    const { issuer, subject } = auth ?? {}
    this.#log({ ...request, allowed: true, status: 200, issuer, subject, reason })
    return { status: 200, headers: identity(auth, path), body: '' }
  }

  #refuse(question: AuthzQuestion, { status: plain, headers, body, error }: Stopped): AuthzAnswer {
    // nginx takes every other status for a fault of this server.
    const status = this.#options.front === 'nginx' && plain === 400 ? 403 : plain
    const { code, message: reason } = error
    this.#log({ ...this.#loggable(question), allowed: false, status, code, reason })
    return { status, headers: { ...headers, 'content-type': 'application/json' }, body: JSON.stringify(body) }
  }

  /** Throws `config_error` where the server in front does not say what it was asked. */
  #originalRequest({ method, target, headers }: AuthzQuestion): OriginalRequest {
    const { front } = this.#options
    if (front === 'nginx' || front === 'envoy') return { method, target }
    const [methodField, targetField] = FIELDS[front]
    return { method: fieldOf(headers, methodField), target: fieldOf(headers, targetField) }
  }

  #loggable(question: AuthzQuestion): OriginalRequest {
    try {
      return this.#originalRequest(question)
    } catch {
      return { method: '?', target: '?' }
    }
  }

  #log(entry: AuthzLogEntry): void {
    this.#options.log?.(withoutSecrets(entry))
  }
}

/** What the client sent to the server in front. */
type OriginalRequest = Pick<AuthzQuestion, 'method' | 'target'>

/** Everything in a line but our own words is of the sender's choice: what stands there may be a token. */
function withoutSecrets(entry: AuthzLogEntry): AuthzLogEntry {
  const { method, target, issuer, subject, reason } = entry
  return {
    ...entry,
    method: redactSecrets(method),
    target: redactTarget(target),
    ...given({ issuer: issuer && redactSecrets(issuer), subject: subject && redactSecrets(subject) }),
    reason: redactSecrets(reason),
  }
}

function fieldOf(headers: HeaderSource, name: string): string {
  const values = headerValues(headers, name)
  // Two: the client's and the server's, and nobody knows which is which.
  if (values.length === 1) return values[0]!
  throw new ConfigError('config_error', `the server in front has set ${name} ${values.length} times, not once`)
}

/** Who asks, for the server behind: percent-encoded, as a subject may hold what a header field cannot. */
function identity(auth: Auth | undefined, path: string): Record<string, string> {
  const fields = { issuer: auth?.issuer, subject: auth?.subject, user: auth?.user, path }
  return Object.fromEntries(
    Object.entries(fields).flatMap(([name, value]) =>
      value === undefined ? [] : [[`x-scitokens-${name}`, encodeURI(value.toWellFormed())]],
    ),
  )
}
