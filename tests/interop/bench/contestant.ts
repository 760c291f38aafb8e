import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface, type Interface } from 'node:readline'

/** How a {@link Contestant} is started. */
export interface ContestantOptions {
  readonly env: NodeJS.ProcessEnv
  /** Lines that it is told at the start. */
  readonly task: readonly string[]
  /** How often it goes through all tokens in a round. */
  readonly times: number
}

/** What a token took in a round, in microseconds. */
export interface Spent {
  readonly wall: number
  /** Of the processor, in all threads of the process: what other work on the machine disturbs least. */
  readonly processor: number
}

/** A program that judges tokens as often as it is told, and tells what one took. */
export class Contestant {
  readonly name: string
  readonly rounds: Spent[] = []
  readonly #child: ChildProcess
  readonly #lines: Interface
  readonly #times: number

  private constructor(name: string, child: ChildProcess, times: number) {
    this.name = name
    this.#child = child
    this.#lines = createInterface(child.stdout!)
    this.#times = times
  }

  /** Starts a program and waits until it is ready. */
  static async start(
    name: string,
    [program, ...args]: readonly [string, ...string[]],
    { env, task, times }: ContestantOptions,
  ): Promise<Contestant> {
    const options = { env: { ...process.env, ...env }, stdio: ['pipe', 'pipe', 'inherit'] as const }
    const contestant = new Contestant(name, spawn(program, args, { ...options, stdio: [...options.stdio] }), times)
    if ((await contestant.#ask(task.join('\n'))) !== 'ready') throw new Error(`${name} is not ready`)
    return contestant
  }

  async round(): Promise<Spent> {
    const line = await this.#ask(String(this.#times))
    const [wall, processor] = line.split(' ').map(Number) as [number, number]
    if (!(wall > 0 && processor > 0)) throw new Error(`${this.name} has said ${line}`)
    return { wall, processor }
  }

  stop(): void {
    this.#child.stdin!.end()
  }

  async #ask(text: string): Promise<string> {
    const over = new AbortController()
    const { signal } = over
    const answer = once(this.#lines, 'line', { signal }) as Promise<[string]>
    const ended = once(this.#lines, 'close', { signal }).then(() => Promise.reject(new Error(`${this.name} has ended`)))
    this.#child.stdin!.write(`${text}\n`)
    try {
      const [line] = await Promise.race([answer, ended])
      return line
    } finally {
      for (const loser of [answer, ended]) loser.catch(() => {})
      over.abort()
    }
  }
}
