import { given } from '@scitokens/core/internal'
import type { Server } from 'node:net'
import { setTimeout } from 'node:timers/promises'
import type { Backend } from './backend/backend.ts'
import type { Build, ReloadOutcome } from './backend/serving.ts'
import type { InheritedSocket } from './listen/inherited.ts'
import { addressesOf, type Listener, openListener } from './listen/listener.ts'
import { formatPlace, type Place } from './listen/place.ts'
import { Metrics } from './metrics/metrics.ts'
import { OperationsServer } from './operations.ts'
import type { ServiceSignal, Settings } from './options.ts'
import type { Service } from './service.ts'
import { Notifier } from './systemd/notifier.ts'
import { FileWatch } from './tls/file-watch.ts'

/** What an inherited socket is called that health and metrics are for. */
const OPERATIONS_NAME = 'operations'

/** The process that listens: it takes connections for a backend, hears signals, and tells how things are. */
export class Front implements Service {
  readonly #settings: Settings
  readonly #backend: Backend
  readonly #notifier: Notifier
  readonly #watch: FileWatch
  readonly #operations: OperationsServer
  readonly #metrics = new Metrics()
  readonly #reloads = this.#metrics.counter({
    name: 'service_reloads_total',
    help: 'How often what may have changed was read again, by outcome.',
    labels: ['outcome'],
  })
  readonly #reloadGood = this.#metrics.gauge({
    name: 'service_reload_good',
    help: '1 while what was last read again was taken over.',
  })
  readonly #hurry = new AbortController()
  readonly #handlers: ReadonlyMap<ServiceSignal, () => void>
  readonly stopped: Promise<void>
  #listeners: readonly Listener[] = []
  #operationsListener: Listener | undefined
  #reloading: Promise<unknown> = Promise.resolve()
  #stopping: Promise<void> | undefined
  #isOver = () => {}

  constructor(settings: Settings, backend: Backend) {
    const { activation, logger, watchSeconds } = settings
    this.#settings = settings
    this.#backend = backend
    this.#reloadGood.set({}, 1)
    this.#notifier = new Notifier(activation, logger)
    this.#watch = new FileWatch(watchSeconds, () => void this.reload())
    this.#operations = new OperationsServer({
      isAlive: () => backend.isAlive(),
      problems: async () => [...(this.#stopping ? ['stopping'] : []), ...(await backend.problems())],
      metrics: async () => (await this.#metrics.text()) + (await backend.metrics()),
    })
    const end = (): void => void this.stop()
    this.#handlers = new Map([
      ['SIGTERM', end],
      ['SIGINT', end],
      ['SIGHUP', () => void this.reload()],
    ])
    this.stopped = new Promise((resolve) => {
      this.#isOver = resolve
    })
  }

  get addresses(): readonly string[] {
    return addressesOf(this.#listeners)
  }

  get operationsAddress(): string | undefined {
    return this.#operationsListener && formatPlace(this.#operationsListener.place)
  }

  /** As `net.Server` tells it: the path only where all of it is Unix sockets, so that nobody else is taken for who comes by one. */
  address(): ReturnType<Server['address']> {
    const places = this.#listeners.map(({ place }) => place)
    const network = places.find((place) => !('path' in place))
    if (network && !('path' in network)) {
      const { host, port } = network
      return { address: host, port, family: host.includes(':') ? 'IPv6' : 'IPv4' }
    }
    const [first] = places
    return first && 'path' in first ? first.path : null
  }

  async serve(build: Build): Promise<void> {
    const { name, logger } = this.#settings
    try {
      await this.#backend.start(build)
      await this.#listen()
    } catch (error) {
      this.#close()
      await this.#backend.stop(0, AbortSignal.abort())
      this.#isOver()
      throw error
    }
    await this.#watch.watch(this.#backend.files)
    this.#hear()
    const { addresses, operationsAddress } = this
    logger.info({ name, addresses, ...given({ operationsAddress }) }, `${name} serves`)
    this.#notifier.tell('ready', addresses.join(', '))
  }

  reload(): Promise<ReloadOutcome> {
    const outcome = this.#reloading.then(() => this.#reload())
    this.#reloading = outcome
    return outcome
  }

  stop(): Promise<void> {
    if (this.#stopping) this.#hurry.abort()
    return (this.#stopping ??= this.#stop())
  }

  async #listen(): Promise<void> {
    const { activation, listen, operations, onlyThisMachine } = this.#settings
    const isForOperations = ({ name }: InheritedSocket): boolean => name === OPERATIONS_NAME
    const inherited = activation.sockets.filter((socket) => !isForOperations(socket))
    const { takesPaused: paused } = this.#backend
    const closedToOthers = listen.some((place) => 'path' in place && place.closedToOthers === true)
    for (const where of inherited.length > 0 ? inherited : listen) {
      // oxlint-disable-next-line no-await-in-loop -- in their order; what fails leaves no later one behind
      const listener = await openListener(where, {
        onConnection: (socket, isUnix) => this.#backend.take(socket, isUnix),
        paused,
        onlyThisMachine,
        closedToOthers,
      })
      this.#listeners = [...this.#listeners, listener]
    }
    const where: Place | InheritedSocket | undefined = activation.sockets.find(isForOperations) ?? operations
    if (!where) return
    this.#operationsListener = await openListener(where, {
      onConnection: (socket) => this.#operations.take(socket),
      paused: false,
      onlyThisMachine: false,
      closedToOthers: false,
    })
  }

  #hear(): void {
    const { signals } = this.#settings
    if (signals) for (const [signal, handler] of this.#handlers) signals.on(signal, handler)
  }

  async #reload(): Promise<ReloadOutcome> {
    if (this.#stopping) return { ok: false, problem: 'the service is stopping', needsRestart: [] }
    this.#notifier.tell('reloading')
    const { files, ...outcome } = await this.#backend.reload()
    await this.#watch.watch(files)
    this.#note(outcome)
    this.#notifier.tell('ready')
    return outcome
  }

  #note({ ok, problem = '', needsRestart }: ReloadOutcome): void {
    const { logger, name } = this.#settings
    this.#reloads.inc({ outcome: ok ? 'taken_over' : 'refused' })
    this.#reloadGood.set({}, ok ? 1 : 0)
    const pending = needsRestart.join(', ')
    if (ok) logger.info({ name }, 'what may have changed was read again')
    else {
      const restart = pending === '' ? '' : ` (only a restart takes over ${pending})`
      logger.error({ name }, `nothing was taken over, all stays as it was: ${problem}${restart}`)
    }
    if (ok && pending !== '') logger.warn({ needsRestart }, `only a restart takes over ${pending}`)
  }

  async #stop(): Promise<void> {
    const { logger, name, drainSeconds, stopSeconds } = this.#settings
    logger.info({ name }, `${name} stops`)
    this.#notifier.tell('stopping')
    await Promise.race([this.#reloading, aborted(this.#hurry.signal)])
    this.#backend.leave()
    await waited(drainSeconds, this.#hurry.signal)
    for (const listener of this.#listeners) listener.close()
    await this.#backend.stop(stopSeconds, this.#hurry.signal)
    this.#close()
    await this.#notifier.close()
    logger.info({ name }, `${name} has stopped`)
    this.#isOver()
  }

  /** Health is told to the end, and signals are heard to the end: the second one ends the waiting. */
  #close(): void {
    for (const listener of this.#listeners) listener.close()
    this.#operationsListener?.close()
    this.#operations.close()
    this.#watch.stop()
    const { signals } = this.#settings
    if (signals) for (const [signal, handler] of this.#handlers) signals.off(signal, handler)
  }
}

async function waited(seconds: number, hurry: AbortSignal): Promise<void> {
  if (seconds === 0 || hurry.aborted) return
  await setTimeout(seconds * 1000, undefined, { signal: hurry }).catch(() => {})
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
}
