import rateLimit from '@fastify/rate-limit'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { OAuthError } from '../oauth-error.ts'
import { Parameters } from '../parameters.ts'
import type { ReadRateLimits } from './rate-limits.ts'
import { steadyCounts } from './steady-counts.ts'

const MINUTE_MS = 60_000
/** Most addresses or clients that are counted at a time; the longest unseen are forgotten first. */
const REMEMBERED = 50_000
/** Whoever has an IPv6 network has all of its addresses. */
const IPV6_PREFIX = 64

/**
 * Bounds how often endpoints that check secrets or write are asked: more is answered 429 with `Retry-After`. Metadata and keys
 * are not limited: they cost nothing, and verifiers must always get them.
 *
 * @param limits - asked at each request, so that they follow the configuration.
 * @param nowMs - milliseconds that only ever go forward. Default: `performance.now`.
 */
export async function limitRate(
  app: FastifyInstance,
  limits: () => ReadRateLimits,
  nowMs?: () => number,
): Promise<void> {
  await app.register(rateLimit, {
    global: false,
    store: steadyCounts(REMEMBERED, nowMs),
    timeWindow: MINUTE_MS,
    ipv6Subnet: IPV6_PREFIX,
  })
  const checks = [
    app.createRateLimit({ max: ({ ip }: FastifyRequest) => limits().forAddress(ip) }),
    app.createRateLimit({
      max: (request: FastifyRequest) => limits().forClient(namedClient(request)),
      keyGenerator: (request) => `${request.ip} ${namedClient(request)}`,
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

/** The client that a request says it is, for counting only. */
function namedClient({ headers, body }: FastifyRequest): string {
  const basic = /^basic ([A-Za-z0-9+/=]+)$/i.exec(headers.authorization ?? '')?.[1]
  if (basic !== undefined) return Buffer.from(basic, 'base64').toString('latin1').split(':', 1)[0] ?? ''
  return body instanceof Parameters ? (body.all('client_id')[0] ?? '') : ''
}
