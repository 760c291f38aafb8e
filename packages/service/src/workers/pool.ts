import type { Socket } from 'node:net'
import { ConfigError } from '@scitokens/core'
import type { Backend, Reloaded } from '../backend/backend.ts'
import { backOff, type BackOffLimits, type Logger } from '@scitokens/core/internal'
import { mergeMetrics } from '../metrics/merge.ts'
import { Metrics } from '../metrics/metrics.ts'
import type { Settings } from '../options.ts'
import { type Activation, workerEnvironment } from '../systemd/activation.ts'
import { readTls } from '../tls/tls-files.ts'
import type { Listening } from './listening.ts'
import type { Answers } from './messages.ts'
import { type Program, startWorker, type Worker } from './process.ts'

/** How long a worker may take to say how it is, in milliseconds. */
const ASK_MS = 2500

/** How long a worker may take to read again what may have changed, in milliseconds. */
const RELOAD_MS = 60_000

/** How long to wait before a dead worker is replaced, in seconds. */
const BACK_OFF: BackOffLimits = { first: 1, longest: 30 }

/** How long a worker must have served for its death to be taken for the first one, in milliseconds. */
const LONG_LIFE_MS = 60_000

/** Connections that wait while no worker serves. */
const MOST_WAITING = 1024

/** Beyond the time that a worker has for its end, in milliseconds: then it is killed. */
const END_MS = 5000

/** A connection that no worker has taken yet. */
interface Waiting {
  readonly socket: Socket
  readonly isUnix: boolean
}

/**
 * Serves in other processes, which run the same program. This one takes the connections and hands them out in turn, so a worker that dies
 * takes its own connections along and no others: those that come meanwhile wait here.
 */
export class WorkerPool implements Backend {
  readonly takesPaused = true
  readonly #count: number
  readonly #activation: Activation
  readonly #logger: Logger
  readonly #listening: () => Listening
  readonly #program: Program
  readonly #metrics = new Metrics()
  readonly #deaths = this.#metrics.counter({
    name: 'service_worker_deaths_total',
    help: 'Workers that ended by themselves and were replaced.',
  })
  readonly #workers = new Map<number, Worker>()
  readonly #failures = new Map<number, number>()
  readonly #waiting: Waiting[] = []
  #files: readonly string[] = []
  #turn = 0
  #isStopping = false

  /** Looks at the files of TLS: a mistake is told once, before any worker is started. Throws `config_error`. */
  static async open({ tls, ...settings }: Settings, listening: () => Listening): Promise<WorkerPool> {
    if (tls) await readTls(tls, 'tls')
    return new WorkerPool(settings, listening)
  }

  private constructor(
    { workers, activation, logger }: Pick<Settings, 'workers' | 'activation' | 'logger'>,
    listening: () => Listening,
  ) {
    const [, program, ...parameters] = process.argv
    if (program === undefined)
      throw new ConfigError('config_error', 'workers run the same program again: it must be a file')
    this.#program = { program, parameters }
    this.#count = workers
    this.#activation = activation
    this.#logger = logger
    this.#listening = listening
    const serving = this.#metrics.gauge({ name: 'service_workers', help: 'Workers that serve.' })
    this.#metrics.onCollect(() => serving.set({}, this.#serving.length))
  }

  get files(): readonly string[] {
    return this.#files
  }

  async start(): Promise<void> {
    const numbers = Array.from({ length: this.#count }, (_, index) => index + 1)
    const [first, ...others] = numbers
    // What is made only once (a key, a database) is made by one, and a mistake is told once.
    await this.#start(first!)
    await Promise.all(others.map((number) => this.#start(number)))
  }

  take(socket: Socket, isUnix: boolean): void {
    const workers = this.#serving
    this.#turn += 1
    const worker = workers[this.#turn % workers.length]
    if (worker) return worker.give(socket, isUnix, this.#listening())
    if (this.#waiting.length < MOST_WAITING) this.#waiting.push({ socket, isUnix })
    else socket.destroy()
  }

  isAlive(): boolean {
    return this.#workers.size > 0
  }

  async problems(): Promise<readonly string[]> {
    const workers = this.#serving
    if (workers.length === 0) return ['no worker serves']
    const answers = await Promise.all(
      workers.map(async (worker) => {
        const problems = (await worker.ask('problems', ASK_MS)) ?? ['no answer']
        return problems.map((problem) => `worker ${worker.number}: ${problem}`)
      }),
    )
    return answers.flat()
  }

  async metrics(): Promise<string> {
    const parts = await Promise.all(
      this.#serving.map(async (worker) => {
        const text = (await worker.ask('metrics', ASK_MS)) ?? ''
        return { worker: String(worker.number), text }
      }),
    )
    return (await this.#metrics.text()) + mergeMetrics(parts)
  }

  async reload(): Promise<Reloaded> {
    const outcomes = await Promise.all(
      this.#serving.map(async (worker): Promise<Answers['reload']> => {
        const outcome = await worker.ask('reload', RELOAD_MS)
        return outcome ?? { ok: false, problem: `worker ${worker.number} did not answer`, needsRestart: [], files: [] }
      }),
    )
    this.#files = outcomes.find(({ files }) => files.length > 0)?.files ?? this.#files
    const problem = outcomes.find(({ ok }) => !ok)?.problem
    return {
      ok: outcomes.length > 0 && outcomes.every(({ ok }) => ok),
      needsRestart: [...new Set(outcomes.flatMap(({ needsRestart }) => needsRestart))],
      files: this.#files,
      ...(outcomes.length === 0 ? { problem: 'no worker serves' } : problem !== undefined && { problem }),
    }
  }

  leave(): void {
    for (const worker of this.#workers.values()) worker.say({ kind: 'leave' })
  }

  async stop(seconds: number, hurry: AbortSignal): Promise<void> {
    this.#isStopping = true
    for (const { socket } of this.#waiting.splice(0)) socket.destroy()
    await Promise.all([...this.#workers.values()].map((worker) => endWorker(worker, seconds, hurry)))
  }

  get #serving(): readonly Worker[] {
    return [...this.#workers.values()].filter(({ isServing }) => isServing)
  }

  /** Starts a worker; resolves when it serves. Rejects with what keeps it from serving. */
  async #start(number: number): Promise<void> {
    const worker = startWorker(number, this.#program, workerEnvironment(this.#activation, number))
    this.#workers.set(number, worker)
    const began = performance.now()
    void worker.ended.then((how) => this.#bury(worker, how, performance.now() - began))
    const { files } = await worker.serving
    this.#files = files
    for (const { socket, isUnix } of this.#waiting.splice(0)) this.take(socket, isUnix)
  }

  #bury(worker: Worker, how: string, livedMs: number): void {
    const { number } = worker
    this.#workers.delete(number)
    // What it had not taken yet goes to another one.
    for (const { socket, isUnix } of worker.untaken()) this.take(socket, isUnix)
    if (this.#isStopping || !worker.hasServed) return
    this.#deaths.inc({})
    if (livedMs >= LONG_LIFE_MS) this.#failures.delete(number)
    this.#replace(number, how)
  }

  #replace(number: number, why: string): void {
    const failures = (this.#failures.get(number) ?? 0) + 1
    this.#failures.set(number, failures)
    const wait = Math.round(backOff(failures, BACK_OFF) * 10) / 10
    this.#logger.error({ worker: number }, `worker ${number} has ended (${why}), another one starts in ${wait} s`)
    setTimeout(() => {
      if (this.#isStopping) return
      this.#start(number).catch((error: unknown) => {
        if (!this.#isStopping) this.#replace(number, error instanceof Error ? error.message : String(error))
      })
    }, wait * 1000)
  }
}

async function endWorker(worker: Worker, seconds: number, hurry: AbortSignal): Promise<void> {
  worker.say({ kind: 'stop', seconds })
  const hasten = (): void => worker.say({ kind: 'hurry' })
  if (hurry.aborted) hasten()
  hurry.addEventListener('abort', hasten)
  const kill = setTimeout(() => worker.kill(), seconds * 1000 + END_MS)
  await worker.ended
  clearTimeout(kill)
  hurry.removeEventListener('abort', hasten)
}
