import type { FastifyInstance } from 'fastify'
import type { AuditEvent, AuditSink, KeyStatus, Realm } from '@scitokens/issuer'
import { Metrics } from '@scitokens/service'

/** Bounds of the histogram of answers, in seconds. */
const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5]

/** Counts what is audited and measures what is answered, beside what the service tells of itself. Nothing global. */
export class IssuerMetrics {
  readonly #metrics = new Metrics()
  readonly #events = this.#metrics.counter({
    name: 'scitokens_issuer_events_total',
    help: 'Audited events: tokens issued and refused, revocations, logins, key rotations.',
    labels: ['issuer', 'event', 'grant', 'error'],
  })
  readonly #duration = this.#metrics.histogram(
    {
      name: 'scitokens_issuer_request_duration_seconds',
      help: 'Time from the request to its answer, by route.',
      labels: ['method', 'route', 'status'],
    },
    SECONDS,
  )
  readonly #auditFailures = this.#metrics.counter({
    name: 'scitokens_issuer_audit_failures_total',
    help: 'Audit lines that could not be written; the token of each was not handed out.',
  })

  /** The text that Prometheus scrapes. */
  text(): Promise<string> {
    return this.#metrics.text()
  }

  /** An audit sink that counts each event on its way to `sink`. */
  count(sink: AuditSink): AuditSink {
    return {
      write: (event) => {
        this.#note(event)
        return this.#watchWrite(sink, event)
      },
      ...(sink.reopen && { reopen: () => sink.reopen!() }),
      ...(sink.close && { close: () => sink.close!() }),
    }
  }

  /** Measures every request of a server. Routes are patterns, so that nobody outside chooses the number of labels. */
  watch(server: FastifyInstance): void {
    server.addHook('onResponse', async (request, reply) => {
      const route = request.routeOptions.url ?? 'unknown'
      this.#duration.observe(
        { method: request.method, route, status: String(reply.statusCode) },
        reply.elapsedTime / 1000,
      )
    })
  }

  /** Adds the ages of keys and the state of the store, asked for at each scrape. */
  observe(realms: readonly Realm[], storeIsUp: () => Promise<boolean>): void {
    this.#observeKeys(realms)
    this.#observeStore(storeIsUp)
  }

  #observeKeys(realms: readonly Realm[]): void {
    const keys = this.#metrics.gauge({
      name: 'scitokens_issuer_keys',
      help: 'Signing keys by state.',
      labels: ['issuer', 'alg', 'state'],
    })
    const age = this.#metrics.gauge({
      name: 'scitokens_issuer_active_key_age_seconds',
      help: 'How long the key that signs now has been signing.',
      labels: ['issuer', 'alg'],
    })
    const left = this.#metrics.gauge({
      name: 'scitokens_issuer_active_key_remaining_seconds',
      help: 'How long until the successor of the key that signs now shall sign; published ahead, unless something is wrong.',
      labels: ['issuer', 'alg'],
    })
    this.#metrics.onCollect(() => {
      for (const gauge of [keys, age, left]) gauge.reset()
      for (const { issuer, keys: ring, clock } of realms) {
        const status = ring.status()
        for (const [key, count] of countedByState(status)) keys.set({ issuer, ...key }, count)
        for (const { alg, signFrom, signUntil = 0 } of status.filter(({ state }) => state === 'active')) {
          age.set({ issuer, alg }, clock() - signFrom)
          left.set({ issuer, alg }, signUntil - clock())
        }
      }
    })
  }

  #observeStore(storeIsUp: () => Promise<boolean>): void {
    const check = this.#metrics.gauge({
      name: 'scitokens_issuer_store_check_seconds',
      help: 'How long the database took to answer the last check.',
    })
    const up = this.#metrics.gauge({
      name: 'scitokens_issuer_store_up',
      help: '1 when the database answers.',
    })
    this.#metrics.onCollect(async () => {
      const started = performance.now()
      up.set({}, (await storeIsUp()) ? 1 : 0)
      check.set({}, (performance.now() - started) / 1000)
    })
  }

  #watchWrite(sink: AuditSink, event: AuditEvent): void | Promise<void> {
    const written = sink.write(event)
    if (written === undefined) return undefined
    return written.catch((error: unknown) => {
      this.#auditFailures.inc({})
      throw error
    })
  }

  #note({ issuer, event, grant = '', error = '' }: AuditEvent): void {
    this.#events.inc({ issuer, event, grant, error })
  }
}

type StateOfKey = Pick<KeyStatus, 'alg' | 'state'>

/** How many keys of each algorithm are in each state. */
function countedByState(status: readonly KeyStatus[]): readonly (readonly [StateOfKey, number])[] {
  const counts = new Map<string, [StateOfKey, number]>()
  for (const { alg, state } of status) {
    const counted = counts.get(`${alg} ${state}`) ?? [{ alg, state }, 0]
    counted[1] += 1
    counts.set(`${alg} ${state}`, counted)
  }
  return [...counts.values()]
}
