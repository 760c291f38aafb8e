import rateLimit from '@fastify/rate-limit'
import { networkOfPeer } from '@scitokens/core/internal'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { OAuthError } from '../http/oauth-error.ts'
import { Parameters } from '../http/parameters.ts'
import type { ReadRateLimits } from './rate-limits.ts'
import { steadyCounts } from '../limits/steady-counts.ts'

const MINUTE_MS = 60_000
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
export async function limitRate(
  app: FastifyInstance,
  limits: () => ReadRateLimits,
  { byCertificate, nowMs }: RateLimitOptions = {},
): Promise<void> {
  const nameOf = (request: FastifyRequest): Named => {
    const clientId = namedClient(request)
    return (clientId === '' ? byCertificate?.(request) : undefined) ?? { clientId }
  }
  await app.register(rateLimit, {
    global: false,
    store: steadyCounts(REMEMBERED, nowMs),
    timeWindow: MINUTE_MS,
  })
  const checks = [
    app.createRateLimit({
      max: ({ ip }: FastifyRequest) => limits().forAddress(ip),
      keyGenerator: ({ ip }) => networkOfPeer(ip),
    }),
    app.createRateLimit({
      max: (request: FastifyRequest) => limits().forClient(nameOf(request).clientId),
      keyGenerator: (request) => {
        const { clientId, certificate = '' } = nameOf(request)
        return JSON.stringify([networkOfPeer(request.ip), clientId, certificate])
      },
    }),
  ]
  const limit = async (request: FastifyRequest): Promise<void> => {
    for (const check of checks) {
      // oxlint-disable-next-line no-await-in-loop -- the first that is exceeded answers
      const count = await check(request)
      if (count.isAllowed || !count.isExceeded) continue
      const headers = { 'retry-after': String(Math.max(1, count.ttlInSeconds)) }
      throw new OAuthError('temporarily_unavailable', 'too many requests, slow down', { status: 429, headers })
    }
  }
  app.addHook('onRoute', (route) => {
    if ([route.method].flat().includes('POST')) route.preHandler = [limit, route.preHandler ?? []].flat()
  })
}

/** The client that a request names; empty: none. */
function namedClient({ headers, body }: FastifyRequest): string {
  const basic = /^basic ([A-Za-z0-9+/=]+)$/i.exec(headers.authorization ?? '')?.[1]
  if (basic !== undefined) return Buffer.from(basic, 'base64').toString('latin1').split(':', 1)[0] ?? ''
  return body instanceof Parameters ? (body.all('client_id')[0] ?? '') : ''
}
