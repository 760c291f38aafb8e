import type { Server, Socket } from 'node:net'
import type { Clock } from '@scitokens/core'
import type { Logger } from '@scitokens/core/internal'
import { Metrics } from '../metrics/metrics.ts'
import { addProcessMetrics } from '../metrics/process-metrics.ts'
import { type ReadTls, readTls, type TlsFiles } from '../tls/tls-files.ts'
import type { Backend, Reloaded } from './backend.ts'
import { Engines } from './engines.ts'
import type { Build, Change, Serving } from './serving.ts'
import { checkChange, checkServing } from './serving-readers.ts'
import { answered } from './answered.ts'

/** How long a question about readiness may take, in milliseconds. */
const READY_MS = 2000

/** What {@link InProcess} needs. */
export interface InProcessOptions {
  readonly tls: TlsFiles | undefined
  /** More files whose change makes the service read again what they hold. */
  readonly watch: readonly string[]
  readonly logger: Logger
  readonly clock: Clock
  /** Where the service listens, for whoever asks the server. */
  readonly address: () => ReturnType<Server['address']>
}

/** Serves in this process. */
export class InProcess implements Backend {
  readonly takesPaused = false
  readonly #logger: Logger
  readonly #clock: Clock
  readonly #engines: Engines
  readonly #metrics = new Metrics()
  readonly #watched: { readonly stop: () => void }
  #tlsFiles: TlsFiles | undefined
  #tls: ReadTls | undefined
  #more: readonly string[]
  #serving: Serving = {}

  /** Reads TLS. Throws `config_error`. */
  static async open({ tls, ...options }: InProcessOptions): Promise<InProcess> {
    return new InProcess(tls, tls && (await readTls(tls, 'tls')), options)
  }

  private constructor(
    files: TlsFiles | undefined,
    tls: ReadTls | undefined,
    { watch, logger, clock, address }: Omit<InProcessOptions, 'tls'>,
  ) {
    this.#tlsFiles = files
    this.#tls = tls
    this.#more = watch
    this.#logger = logger
    this.#clock = clock
    this.#engines = new Engines(tls, address, logger)
    this.#watched = addProcessMetrics(this.#metrics)
    this.#measure()
    this.#warnOfExpiry()
  }

  get files(): readonly string[] {
    return [...(this.#tls?.files ?? []), ...this.#more]
  }

  async start(build: Build): Promise<void> {
    // Kept first, so that it is closed in any case.
    this.#serving = (await build(this.#engines)) ?? {}
    checkServing(this.#serving)
    this.#engines.start()
  }

  take(socket: Socket, isUnix: boolean): void {
    if (this.#engines.connections >= (this.#serving.maxConnections ?? Infinity)) socket.destroy()
    else this.#engines.take(socket, isUnix)
  }

  isAlive(): boolean {
    return true
  }

  async problems(): Promise<readonly string[]> {
    const { ready } = this.#serving
    if (!ready) return []
    try {
      const problems = await answered(Promise.resolve(ready()), READY_MS)
      return problems ?? [`no answer in ${READY_MS / 1000} seconds`]
    } catch (error) {
      this.#logger.error({ err: error }, 'whether the service is ready could not be found out')
      return ['whether it is ready could not be found out']
    }
  }

  async metrics(): Promise<string> {
    const own = await this.#metrics.text()
    return own + ((await this.#serving.metrics?.()) ?? '')
  }

  async reload(): Promise<Reloaded> {
    let needsRestart: readonly string[] = []
    try {
      const change: Change = (await this.#serving.reload?.()) ?? {}
      checkChange(change)
      needsRestart = change.needsRestart ?? []
      const files = this.#tlsFiles && (change.tls ?? this.#tlsFiles)
      const tls = files && (await readTls(files, 'tls'))
      // All or nothing: from here on only this can fail, and it changes nothing then.
      await change.takeOver?.()
      if (tls) this.#engines.setContext(tls)
      this.#tlsFiles = files
      this.#tls = tls
      this.#more = change.watch ?? this.#more
      this.#warnOfExpiry()
      return { ok: true, needsRestart, files: this.files }
    } catch (error) {
      const problem = error instanceof Error ? error.message : String(error)
      return { ok: false, problem, needsRestart, files: this.files }
    }
  }

  leave(): void {
    this.#engines.leave()
  }

  async stop(seconds: number, hurry: AbortSignal): Promise<void> {
    this.#serving.drain?.()
    const left = await this.#engines.end(seconds, hurry)
    if (left > 0) this.#logger.warn({ connections: left }, 'connections were ended in the midst of what they did')
    this.#watched.stop()
    try {
      await this.#serving.close?.()
    } catch (error) {
      this.#logger.error({ err: error }, 'what the server needed could not be closed')
    }
  }

  #measure(): void {
    const connections = this.#metrics.gauge({ name: 'service_connections', help: 'Connections that are open.' })
    const requests = this.#metrics.gauge({ name: 'service_requests', help: 'HTTP requests that are being answered.' })
    const ends = this.#tls && {
      gauge: this.#metrics.gauge({
        name: 'service_certificate_not_after_seconds',
        help: 'When the certificate of the server ends, in seconds since the epoch.',
      }),
    }
    this.#metrics.onCollect(() => {
      connections.set({}, this.#engines.connections)
      requests.set({}, this.#engines.requests)
      if (this.#tls) ends?.gauge.set({}, this.#tls.notAfter)
    })
  }

  #warnOfExpiry(): void {
    const { notAfter } = this.#tls ?? {}
    if (notAfter !== undefined && notAfter < this.#clock()) {
      this.#logger.warn({ file: this.#tlsFiles?.certificate }, 'the certificate of the server has expired')
    }
  }
}
