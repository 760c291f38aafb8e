import { Socket } from 'node:net'
import { SciTokenError } from '@scitokens/core'
import { InProcess } from '../backend/in-process.ts'
import type { Build, ReloadOutcome } from '../backend/serving.ts'
import type { Settings } from '../options.ts'
import type { Service } from '../service.ts'
import type { Listening } from './listening.ts'
import { type Answers, type FromWorker, isToWorker, type ToWorker } from './messages.ts'

/** Opens the service in a worker: it gets its connections and its orders from the process that listens. */
export async function openWorker(settings: Settings): Promise<Service> {
  const listening: { now: Listening } = { now: { addresses: [], address: null } }
  const backend = await InProcess.open({ ...settings, tls: settings.tls, address: () => listening.now.address })
  return new WorkerService(settings, backend, listening)
}

class WorkerService implements Service {
  readonly operationsAddress = undefined
  readonly stopped: Promise<void>
  readonly #settings: Settings
  readonly #backend: InProcess
  readonly #listening: { now: Listening }
  readonly #hurry = new AbortController()
  #stopping: Promise<void> | undefined
  #isOver = () => {}

  constructor(settings: Settings, backend: InProcess, listening: { now: Listening }) {
    this.#settings = settings
    this.#backend = backend
    this.#listening = listening
    this.stopped = new Promise((resolve) => {
      this.#isOver = resolve
    })
  }

  get addresses(): readonly string[] {
    return this.#listening.now.addresses
  }

  async serve(build: Build): Promise<void> {
    // Signals reach the whole group; what follows from them is said by the process that listens.
    for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => {})
    process.on('message', (message, socket) => {
      if (isToWorker(message)) this.#obey(message, socket instanceof Socket ? socket : undefined)
    })
    // Nobody gives connections any more, and nobody would end this process.
    process.once('disconnect', () => void this.#stop(this.#settings.stopSeconds))
    try {
      await this.#backend.start(build)
      say({ kind: 'serving', files: this.#backend.files })
    } catch (error) {
      // Told by the process that listens: here it would be told once for each worker.
      await said({ kind: 'failed', ...described(error) })
      await this.#stop(0)
    }
  }

  reload(): Promise<ReloadOutcome> {
    return this.#backend.reload()
  }

  stop(): Promise<void> {
    return this.#stop(this.#settings.stopSeconds)
  }

  #obey(message: ToWorker, socket: Socket | undefined): void {
    switch (message.kind) {
      case 'connection':
        // Undefined where it has ended on its way.
        if (socket) this.#backend.take(socket, message.isUnix)
        return say({ kind: 'taken', id: message.id })
      case 'listening':
        this.#listening.now = message.listening
        return
      case 'ask':
        return void this.#answer(message.what).then((value) => say({ kind: 'answer', id: message.id, value }))
      case 'leave':
        return this.#backend.leave()
      case 'stop':
        return void this.#stop(message.seconds)
      case 'hurry':
        return this.#hurry.abort()
    }
  }

  #answer(what: keyof Answers): Promise<Answers[keyof Answers]> {
    switch (what) {
      case 'problems':
        return this.#backend.problems()
      case 'metrics':
        return this.#backend.metrics().catch(() => '')
      case 'reload':
        return this.#backend.reload()
    }
  }

  #stop(seconds: number): Promise<void> {
    return (this.#stopping ??= this.#end(seconds))
  }

  async #end(seconds: number): Promise<void> {
    await this.#backend.stop(seconds, this.#hurry.signal)
    if (process.connected) process.disconnect()
    this.#isOver()
  }
}

function say(message: FromWorker): void {
  if (process.connected) process.send?.(message, undefined, undefined, () => {})
}

/** Resolves when it has been sent: whoever ends now would take it along. */
function said(message: FromWorker): Promise<void> {
  return new Promise((resolve) => {
    if (process.send && process.connected) process.send(message, undefined, undefined, () => resolve())
    else resolve()
  })
}

function described(error: unknown): Omit<FromWorker & { readonly kind: 'failed' }, 'kind'> {
  const message = error instanceof Error ? error.message : String(error)
  if (!(error instanceof SciTokenError)) return { code: 'undecided', message }
  return { code: error.family === 'config' ? 'config_error' : 'undecided', message }
}
