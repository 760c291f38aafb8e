import type { FastifyInstance } from 'fastify'
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client'
import type { AuditEvent, AuditSink, KeyStatus, Realm } from '@scitokens/issuer'

/** Counts what is audited and measures what is answered; a registry of its own, nothing global. */
export class IssuerMetrics {
  readonly #registry = new Registry()
  readonly #events = new Counter({
    name: 'scitokens_issuer_events_total',
    help: 'Audited events: tokens issued and refused, revocations, logins, key rotations.',
    labelNames: ['issuer', 'event', 'grant', 'error'] as const,
    registers: [this.#registry],
  })
  readonly #duration = new Histogram({
    name: 'scitokens_issuer_request_duration_seconds',
    help: 'Time from the request to its answer, by route.',
    labelNames: ['method', 'route', 'status'] as const,
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
    registers: [this.#registry],
  })

  readonly #reloads = new Counter({
    name: 'scitokens_issuer_config_reloads_total',
    help: 'How often the configuration was read again, by outcome.',
    labelNames: ['outcome'] as const,
    registers: [this.#registry],
  })
  readonly #reloadGood = new Gauge({
    name: 'scitokens_issuer_config_good',
    help: '1 while the configuration file, when last read, was taken over.',
    registers: [this.#registry],
  })

  readonly #auditFailures = new Counter({
    name: 'scitokens_issuer_audit_failures_total',
    help: 'Audit lines that could not be written; the token of each was not handed out.',
    registers: [this.#registry],
  })

  constructor() {
    this.#reloadGood.set(1)
    // Memory, processor time and event loop of the process, by the names that dashboards know.
    collectDefaultMetrics({ register: this.#registry })
  }

  /** Notes that the configuration was read again. */
  reloaded(ok: boolean): void {
    this.#reloads.inc({ outcome: ok ? 'taken_over' : 'refused' })
    this.#reloadGood.set(ok ? 1 : 0)
  }

  /** The text that Prometheus scrapes, and its media type. */
  async expose(): Promise<{ readonly text: string; readonly contentType: string }> {
    return { text: await this.#registry.metrics(), contentType: this.#registry.contentType }
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
      const labels = { method: request.method, route, status: String(reply.statusCode) }
      this.#duration.observe(labels, reply.elapsedTime / 1000)
    })
  }

  /** Adds the ages of keys and the state of the store, asked for at each scrape. */
  observe(realms: readonly Realm[], storeIsUp: () => Promise<boolean>): void {
    const registers = [this.#registry]
    const labels = ['issuer', 'alg', 'state'] as const
    const keys = new Gauge({
      name: 'scitokens_issuer_keys',
      help: 'Signing keys by state.',
      labelNames: labels,
      registers,
      collect() {
        this.reset()
        for (const { issuer, keys: ring } of realms) {
          for (const { alg, state } of ring.status()) this.inc({ issuer, alg, state })
        }
      },
    })
    const ofActiveKey = (name: string, help: string, value: (key: KeyStatus, now: number) => number): Gauge =>
      new Gauge({
        name,
        help,
        labelNames: ['issuer', 'alg'] as const,
        registers,
        collect() {
          this.reset()
          for (const { issuer, keys: ring, clock } of realms) {
            for (const key of ring.status()) {
              if (key.state === 'active') this.set({ issuer, alg: key.alg }, value(key, clock()))
            }
          }
        },
      })
    const age = ofActiveKey(
      'scitokens_issuer_active_key_age_seconds',
      'How long the key that signs now has been signing.',
      ({ signFrom }, now) => now - signFrom,
    )
    const left = ofActiveKey(
      'scitokens_issuer_active_key_remaining_seconds',
      'How long until the successor of the key that signs now shall sign; published ahead, unless something is wrong.',
      ({ signUntil = 0 }, now) => signUntil - now,
    )
    const check = new Gauge({
      name: 'scitokens_issuer_store_check_seconds',
      help: 'How long the database took to answer the last check.',
      registers,
    })
    const store = new Gauge({
      name: 'scitokens_issuer_store_up',
      help: '1 when the database answers.',
      registers,
      async collect() {
        const started = performance.now()
        this.set((await storeIsUp()) ? 1 : 0)
        check.set((performance.now() - started) / 1000)
      },
    })
    for (const gauge of [keys, age, left, store, check]) this.#registry.registerMetric(gauge)
  }

  #watchWrite(sink: AuditSink, event: AuditEvent): void | Promise<void> {
    const written = sink.write(event)
    if (written === undefined) return undefined
    return written.catch((error: unknown) => {
      this.#auditFailures.inc()
      throw error
    })
  }

  #note({ issuer, event, grant = '', error = '' }: AuditEvent): void {
    this.#events.inc({ issuer, event, grant, error })
  }
}
