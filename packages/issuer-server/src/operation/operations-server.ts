import Fastify, { type FastifyInstance } from 'fastify'
import type { Realm } from '@scitokens/issuer'
import type { IssuerMetrics } from './metrics.ts'

/** What {@link buildOperationsServer} looks at. */
export interface OperationsOptions {
  readonly realms: readonly Realm[]
  readonly metrics: IssuerMetrics
  /** Set once a stop has begun: the balancer shall send nothing more. */
  readonly isStopping: () => boolean
}

/** How long a health check waits for the database, in milliseconds. */
const STORE_TIMEOUT_MS = 2000

/**
 * Health and metrics, on an address of their own: `/healthz` (the process works), `/readyz` (it can issue: keys to sign with
 * and a database that answers) and `/metrics`. Nothing here is for the world.
 */
export function buildOperationsServer({ realms, metrics, isStopping }: OperationsOptions): FastifyInstance {
  const storeIsUp = async (): Promise<boolean> => {
    const [realm] = realms
    if (!realm) return false
    const asked = realm.store.get({ realm: realm.issuer, kind: 'lease', id: 'health' }).then(
      () => true,
      () => false,
    )
    return Promise.race([asked, timeout(STORE_TIMEOUT_MS)])
  }
  metrics.observe(realms, storeIsUp)
  const app = Fastify()
  app.get('/healthz', async (_, reply) => reply.type('text/plain').send('ok\n'))
  app.get('/readyz', async (_, reply) => {
    const problems = [
      ...(isStopping() ? ['stopping'] : []),
      ...((await storeIsUp()) ? [] : ['the database does not answer']),
      ...realms.filter((realm) => !canSign(realm)).map(({ issuer }) => `no key to sign with for ${issuer}`),
    ]
    reply.type('text/plain').code(problems.length === 0 ? 200 : 503)
    return problems.length === 0 ? 'ready\n' : `${problems.join('\n')}\n`
  })
  app.get('/metrics', async (_, reply) => {
    const { text, contentType } = await metrics.expose()
    return reply.header('content-type', contentType).send(text)
  })
  return app
}

function canSign({ keys, algorithms }: Realm): boolean {
  const active = new Set(
    keys
      .status()
      .filter(({ state }) => state === 'active')
      .map(({ alg }) => alg),
  )
  return algorithms.every((alg) => active.has(alg))
}

function timeout(ms: number): Promise<false> {
  return new Promise((resolve) => {
    setTimeout(() => resolve(false), ms).unref()
  })
}
