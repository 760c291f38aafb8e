import { type ChildProcess, fork } from 'node:child_process'
import type { Socket } from 'node:net'
import { ConfigError, UndecidedError } from '@scitokens/core'
import { answered } from '../backend/answered.ts'
import type { Environment } from '../systemd/activation.ts'
import type { Listening } from './listening.ts'
import { type Answers, type FromWorker, isFromWorker, type ToWorker } from './messages.ts'

/** What a worker runs: this program, with the same words on its command line. */
export interface Program {
  readonly program: string
  readonly parameters: readonly string[]
}

/** A connection, as it was given to a worker. */
interface Given {
  readonly socket: Socket
  readonly isUnix: boolean
}

/** Starts a worker. */
export function startWorker(number: number, { program, parameters }: Program, environment: Environment): Worker {
  return new Worker(number, fork(program, parameters, { env: environment }))
}

/** A process that serves, as the process sees it that listens. */
export class Worker {
  /** From 1; its successor has the same. */
  readonly number: number
  /** Resolves when it serves, with the files whose change it would want to know. Rejects with what keeps it from serving. */
  readonly serving: Promise<{ readonly files: readonly string[] }>
  /** Resolves when the process is gone, with how. */
  readonly ended: Promise<string>
  readonly #child: ChildProcess
  readonly #given = new Map<number, Given>()
  readonly #asked = new Map<number, (value: Answers[keyof Answers]) => void>()
  #ids = 0
  #told = ''
  #state: 'starting' | 'serving' | 'gone' = 'starting'
  #hasServed = false

  constructor(number: number, child: ChildProcess) {
    this.number = number
    this.#child = child
    this.ended = new Promise((resolve) => {
      const end = (how: string): void => {
        this.#state = 'gone'
        resolve(how)
      }
      child.once('exit', (code, signal) => end(signal ?? `exit status ${code}`))
      child.once('error', (error) => end(error.message))
      // It may be stuck, and it hears nothing any more.
      child.once('disconnect', () => (this.#state = 'gone'))
    })
    this.serving = new Promise((resolve, reject) => {
      child.on('message', (message) => {
        if (!isFromWorker(message)) return
        if (message.kind === 'serving') resolve(message)
        if (message.kind === 'failed') reject(asError(message))
        this.#hear(message)
      })
      void this.ended.then((how) =>
        reject(new UndecidedError('undecided', `worker ${number} ended at its start (${how})`)),
      )
    })
    // Also where nobody waits for it.
    this.serving.catch(() => {})
  }

  /** It can be given connections. */
  get isServing(): boolean {
    return this.#state === 'serving'
  }

  /** It could be given connections once. */
  get hasServed(): boolean {
    return this.#hasServed
  }

  /** Gives it a connection, of which nothing has been read. This process keeps it until the worker has it. */
  give(socket: Socket, isUnix: boolean, listening: Listening): void {
    const told = JSON.stringify(listening)
    if (told !== this.#told) this.say({ kind: 'listening', listening })
    this.#told = told
    this.#ids += 1
    this.#given.set(this.#ids, { socket, isUnix })
    this.say({ kind: 'connection', id: this.#ids, isUnix }, socket)
  }

  /** The connections that it was given and has not taken. */
  untaken(): readonly Given[] {
    return [...this.#given.values()]
  }

  /** Asks it; `undefined` where no answer comes in so many milliseconds. */
  async ask<What extends keyof Answers>(what: What, ms: number): Promise<Answers[What] | undefined> {
    const id = (this.#ids += 1)
    const answer = new Promise<Answers[What]>((resolve) => {
      this.#asked.set(id, resolve as (value: Answers[keyof Answers]) => void)
      this.say({ kind: 'ask', id, what })
    })
    const gone = this.ended.then(() => undefined)
    const value = await answered(Promise.race([answer, gone]), ms)
    this.#asked.delete(id)
    return value
  }

  /** Says something; to one that is gone, nothing. */
  say(message: ToWorker, socket?: Socket): void {
    // Failures are of a worker that is about to end, which is told by its end.
    if (this.#child.connected) this.#child.send(message, socket, { keepOpen: true }, () => {})
  }

  /** Ends it at once. */
  kill(): void {
    this.#child.kill('SIGKILL')
  }

  #hear(message: FromWorker): void {
    switch (message.kind) {
      case 'serving':
        this.#state = 'serving'
        this.#hasServed = true
        return
      case 'taken':
        this.#given.get(message.id)?.socket.destroy()
        this.#given.delete(message.id)
        return
      case 'answer':
        this.#asked.get(message.id)?.(message.value)
        return
      case 'failed':
        return
    }
  }
}

function asError({ code, message }: FromWorker & { readonly kind: 'failed' }): Error {
  return code === 'config_error' ? new ConfigError('config_error', message) : new UndecidedError(code, message)
}
