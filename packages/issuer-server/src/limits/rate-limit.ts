import { formatRetryAfter, networkOfPeer, WindowCounter } from '@scitokens/core/internal'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { OAuthError, Parameters } from '@scitokens/issuer/internal'
import type { ReadRateLimits } from './rate-limits.ts'

/** Limits are per minute. */
const WINDOW_MS = 60_000
/** Most addresses or clients that are counted at a time; the longest unseen are forgotten first. */
const REMEMBERED = 50_000

/** Who a request says it is, for counting only. */
export interface Named {
  readonly clientId: string
  /** Tells those apart who are one client: everybody with a certificate of the grid. Default: nobody is. */
  readonly certificate?: string | undefined
}

/** Options of {@link limitRate}. */
export interface RateLimitOptions {
  /** Whom a request shows that names no client. Default: nobody. */
  readonly byCertificate?: (request: FastifyRequest) => Named | undefined
  /** Milliseconds that only ever go forward. Default: `performance.now`. */
  readonly nowMs?: () => number
}

/**
 * Bounds how often endpoints that check secrets or write are asked: more is answered 429 with `Retry-After`. Metadata and keys
 * are not limited: they cost nothing, and verifiers must always get them.
 *
 * @param limits - asked at each request, so that they follow the configuration.
 */
export function limitRate(
  app: FastifyInstance,
  limits: () => ReadRateLimits,
  { byCertificate, nowMs = () => performance.now() }: RateLimitOptions = {},
): void {
  // By a clock that only goes forward: one that is set back would forget what was counted.
  const counting = { window: WINDOW_MS, maxKeys: REMEMBERED, clock: nowMs }
  const ofAddresses = new WindowCounter(counting)
  const ofClients = new WindowCounter(counting)
  const take = (counter: WindowCounter, key: string, limit: number): void => {
    const { count, left } = counter.add(key)
    if (count > limit) throw tooMany(left / 1000)
  }
  const limit = async (request: FastifyRequest): Promise<void> => {
    const network = networkOfPeer(request.ip)
    take(ofAddresses, network, limits().forAddress(request.ip))
    const { clientId, certificate = '' } = nameOf(request, byCertificate)
    take(ofClients, JSON.stringify([network, clientId, certificate]), limits().forClient(clientId))
  }
  app.addHook('onRoute', (route) => {
    if ([route.method].flat().includes('POST')) route.preHandler = [limit, route.preHandler ?? []].flat()
  })
}

function tooMany(seconds: number): OAuthError {
  const headers = { 'retry-after': formatRetryAfter(seconds) }
  return new OAuthError('temporarily_unavailable', 'too many requests, slow down', { status: 429, headers })
}

function nameOf(request: FastifyRequest, byCertificate: RateLimitOptions['byCertificate']): Named {
  const clientId = namedClient(request)
  return (clientId === '' ? byCertificate?.(request) : undefined) ?? { clientId }
}

/** The client that a request names; empty: none. */
function namedClient({ headers, body }: FastifyRequest): string {
  const basic = /^basic ([A-Za-z0-9+/=]+)$/i.exec(headers.authorization ?? '')?.[1]
  if (basic !== undefined) return Buffer.from(basic, 'base64').toString('latin1').split(':', 1)[0] ?? ''
  return body instanceof Parameters ? (body.all('client_id')[0] ?? '') : ''
}
