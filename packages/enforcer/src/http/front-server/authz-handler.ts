import { ConfigError, formatScope, redactSecrets, SciTokenError } from '@scitokens/core'
import {
  callable,
  choice,
  having,
  listOf,
  type OptionReaders,
  readOptions,
  redactTarget,
} from '@scitokens/core/internal'
import type { Auth } from '../guard/auth.ts'
import { readHost } from '../request/destination.ts'
import type { Guard, Stopped } from '../guard/guard.ts'
import { type HeaderSource, headerValues } from '../request/headers.ts'
import { type Exists, judgeMethod, type MethodOutcome } from '../guard/judge-method.ts'
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

/** All {@link FrontServer}s. */
export const FRONT_SERVERS: readonly FrontServer[] = ['nginx', 'envoy', 'x-original', 'x-forwarded']

/** Options of {@link createAuthzHandler}. */
export interface AuthzHandlerOptions extends UrlNamespaceOptions {
  readonly guard: Guard
  readonly front: FrontServer
  /** Whether something is at a path, so that PUT, COPY and MOVE can be told to create or to replace. Default: unknown, replace. */
  readonly exists?: Exists
  /** Hosts that a `Destination` may name besides the question's `Host`. */
  readonly hosts?: readonly string[]
  /** Told of every decision. */
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

/** A line of the log. */
export interface AuthzLogEntry {
  readonly method: string
  /** Of the original request: the path as it came, and of a query the names. Tokens are taken out wherever they stand. */
  readonly target: string
  readonly allowed: boolean
  readonly status: number
  readonly issuer?: string | undefined
  readonly subject?: string | undefined
  readonly code?: string
  readonly reason: string
}

/** A question of the server in front. */
export interface AuthzQuestion {
  readonly method: string
  readonly target: string
  readonly headers: HeaderSource
}

/** What to send back. */
export interface AuthzAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
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
export function createAuthzHandler(given: AuthzHandlerOptions): (question: AuthzQuestion) => Promise<AuthzAnswer> {
  const { prefix, namespace, ...options } = readOptions<AuthzHandlerOptions>(given, AUTHZ_READERS)
  const { guard, front } = options
  if (guard === undefined || front === undefined)
    throw new ConfigError('config_error', 'say which guard decides, and which front asks')
  const urls = new UrlNamespace({
    ...(prefix !== undefined && { prefix }),
    ...(namespace !== undefined && { namespace }),
  })
  const log = (entry: AuthzLogEntry): void => options.log?.(withoutSecrets(entry))

  const judge = async (question: AuthzQuestion): Promise<{ auth?: Auth | undefined; outcome: MethodOutcome }> => {
    const { headers } = question
    const { method, target } = originalRequest(question, front)
    const url = urls.read(target, '', target)
    const who = await guard.authenticate({ query: url.query, headers })
    if (!who.ok) return { outcome: who }
    const request = {
      method,
      path: () => urls.toJudge(url),
      headers,
      hosts: options.hosts ?? [],
      destination: (header: string | undefined, hosts: readonly string[]) => urls.destination(header, url, hosts),
    }
    return { auth: who.auth, outcome: await judgeMethod(guard, who.auth, request, options.exists) }
  }

  return async (question) => {
    try {
      const { auth, outcome } = await judge(question)
      if (!outcome.ok) return refusal(question, outcome)
      const { path, grantedBy } = outcome.judged
      const reason = grantedBy ? formatScope(grantedBy) : 'harmless'
      log({
        ...originalRequest(question, front),
        allowed: true,
        status: 200,
        issuer: auth?.issuer,
        subject: auth?.subject,
        reason,
      })
      return { status: 200, headers: identity(auth, path), body: '' }
    } catch (error) {
      return refusal(question, guard.refuse(asSciTokenError(error)))
    }
  }

  function refusal(question: AuthzQuestion, { status: plain, headers, body, error }: Stopped): AuthzAnswer {
    const status = front === 'nginx' && plain === 400 ? 403 : plain
    log({ ...loggable(question, front), allowed: false, status, code: error.code, reason: error.message })
    return { status, headers: { ...headers, 'content-type': 'application/json' }, body: JSON.stringify(body) }
  }
}

/** Everything in a line but our own words is of the sender's choice: what stands there may be a token. */
function withoutSecrets(entry: AuthzLogEntry): AuthzLogEntry {
  const { method, target, issuer, subject, reason } = entry
  return {
    ...entry,
    method: redactSecrets(method),
    target: redactTarget(target),
    ...(issuer === undefined ? {} : { issuer: redactSecrets(issuer) }),
    ...(subject === undefined ? {} : { subject: redactSecrets(subject) }),
    reason: redactSecrets(reason),
  }
}

/** Throws `config_error` where the server in front does not say what it was asked. */
function originalRequest(
  { method, target, headers }: AuthzQuestion,
  front: FrontServer,
): { method: string; target: string } {
  if (front === 'nginx' || front === 'envoy') return { method, target }
  const [methodField, targetField] = FIELDS[front]
  return { method: fieldOf(headers, methodField), target: fieldOf(headers, targetField) }
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

function loggable(question: AuthzQuestion, front: FrontServer): { method: string; target: string } {
  try {
    return originalRequest(question, front)
  } catch {
    return { method: '?', target: '?' }
  }
}

function asSciTokenError(error: unknown): SciTokenError {
  if (error instanceof SciTokenError) return error
  return new SciTokenError('config', 'config_error', 'the question could not be answered', { cause: error })
}
