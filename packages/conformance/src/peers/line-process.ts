import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'
import { UndecidedError } from '@scitokens/core'
import type { Ended } from '../implementation.ts'

/** How a program is started. */
export interface ProgramStart {
  /** The program. */
  readonly command: string
  /** Its arguments. */
  readonly args: readonly string[]
  /** Variables that are added to the environment of this process. Default: none. */
  readonly env?: Readonly<Record<string, string>>
}

type Child = ChildProcessByStdio<Writable, Readable, Readable>

interface Running {
  readonly child: Child
  readonly answers: AsyncIterator<string>
  /** The last words on standard error. */
  readonly errors: () => string
  readonly ended: Promise<unknown>
}

/** How much of what a program says on standard error is kept for messages, in characters. */
const KEPT_ERRORS = 2000

/**
 * A program that answers each line on standard input with one line on standard output. One that ends or hangs at a question
 * is started anew for the next.
 */
export class LineProcess {
  readonly #start: ProgramStart
  readonly #timeoutMs: number
  #running: Running | undefined

  /** @param timeoutMs - for one answer. Default: 30 000. */
  constructor(start: ProgramStart, timeoutMs: number = 30_000) {
    this.#start = start
    this.#timeoutMs = timeoutMs
  }

  /** Puts one line and waits for its answer, or for the program's end. Throws `undecided` when it stays silent instead. */
  async ask(line: string): Promise<string | Ended> {
    const running = (this.#running ??= this.#run())
    let timer: NodeJS.Timeout | undefined
    const silence = new Promise<'silent'>((resolve) => {
      timer = setTimeout(() => resolve('silent'), this.#timeoutMs)
    })
    try {
      running.child.stdin.write(`${line}\n`)
      const answer = await Promise.race([running.answers.next(), silence])
      if (answer === 'silent') throw new UndecidedError('undecided', `no answer within ${this.#timeoutMs} ms`)
      if (!answer.done) return answer.value
      await this.close()
      return { ended: running.errors().trim() || 'silently' }
    } catch (error) {
      await this.close()
      throw error
    } finally {
      clearTimeout(timer)
    }
  }

  /** Ends the program: by the end of its input, and where that is not enough, by force. */
  async close(): Promise<void> {
    const running = this.#running
    this.#running = undefined
    if (!running) return
    const { child, ended } = running
    child.stdin.end()
    const force = setTimeout(() => killGroup(child), 500)
    await ended
    clearTimeout(force)
  }

  #run(): Running {
    const { command, args, env } = this.#start
    const child = spawn(command, args, {
      stdio: ['pipe', 'pipe', 'pipe'],
      env: { ...process.env, ...env },
      // A group of its own, so that what a shell started ends with it.
      detached: true,
    })
    let errors = ''
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      errors = (errors + text).slice(-KEPT_ERRORS)
    })
    // A program that is gone shows by the end of its answers; the broken pipe adds nothing.
    child.stdin.on('error', () => {})
    const ended = new Promise((resolve) => {
      child.once('close', resolve)
      child.once('error', (error) => {
        errors = error.message
        resolve(error)
      })
    })
    const answers = createInterface({ input: child.stdout, crlfDelay: Infinity })[Symbol.asyncIterator]()
    return { child, answers, errors: () => errors, ended }
  }
}

function killGroup(child: Child): void {
  try {
    if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL')
  } catch {
    // It ended by itself in the meantime.
  }
}
