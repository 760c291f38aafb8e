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

/** A program that judges tokens as often as it is told, and tells the microseconds that one took. */
export class Contestant {
  readonly name: string
  /** What each round took per token, in microseconds. */
  readonly rounds: number[] = []
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

  /** One round; microseconds per token. */
  async round(): Promise<number> {
    const spent = Number(await this.#ask(String(this.#times)))
    if (!(spent > 0)) throw new Error(`${this.name} has said ${spent}`)
    return spent
  }

  stop(): void {
    this.#child.stdin!.end()
  }

  async #ask(text: string): Promise<string> {
    const answer = once(this.#lines, 'line')
    const ended = once(this.#lines, 'close').then(() => Promise.reject(new Error(`${this.name} has ended`)))
    this.#child.stdin!.write(`${text}\n`)
    const [line] = (await Promise.race([answer, ended])) as [string]
    return line
  }
}
