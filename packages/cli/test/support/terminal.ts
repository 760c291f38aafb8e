import { type ChildProcess, spawn } from '@scitokens-tests/programs/processes'
import { onTestFinished } from 'vitest'
import { BIN, EMPTY_HOME } from './scitokens.ts'

/** What a test needs that uses a terminal: script(1) of util-linux gives a command one. */
export const TERMINAL: readonly string[] = ['script', 'stty']

/** The command line that runs the program from its sources. */
export const PROGRAM: readonly string[] = [process.execPath, '--conditions=@scitokens/source', BIN]

/** A command on a terminal of 200 columns, and the person before it. */
export class Terminal {
  seen = ''
  /** The exit status. */
  readonly ended: Promise<number | null>
  readonly #child: ChildProcess
  #read = 0
  #look = (): void => {}

  constructor(command: readonly string[], { env, cwd }: { env?: Record<string, string>; cwd?: string } = {}) {
    const line = command.map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(' ')
    this.#child = spawn('script', ['-qefc', `stty cols 200 rows 50; exec ${line}`, '/dev/null'], {
      ...(cwd === undefined ? {} : { cwd }),
      env: { PATH: process.env['PATH'], HOME: EMPTY_HOME, TERM: 'xterm', LANG: 'C.UTF-8', ...env },
      stdio: ['pipe', 'pipe', 'ignore'],
    })
    this.#child.stdout!.setEncoding('utf8').on('data', (text: string) => {
      this.seen += text
      this.#look()
    })
    this.#child.stdin!.on('error', () => {}) // it may end before it has read everything
    this.ended = new Promise((resolve) => this.#child.on('close', (status) => resolve(status)))
    onTestFinished(() => this.close())
  }

  /** Presses keys: `\t` is Tab, `\r` is Enter. */
  type(keys: string): void {
    this.#child.stdin!.write(keys)
  }

  /**
   * Waits until something is seen that was not waited for before. Throws when the command ends without it.
   *
   * @returns what was seen.
   */
  async waitFor(expected: RegExp | string): Promise<string> {
    const found = new Promise<string>((resolve) => {
      this.#look = () => {
        const unread = this.seen.slice(this.#read)
        const text = typeof expected === 'string' ? expected : expected.exec(unread)?.[0]
        if (text === undefined || !unread.includes(text)) return
        this.#read += unread.indexOf(text) + text.length
        this.#look = () => {}
        resolve(text)
      }
      this.#look()
    })
    const early = this.ended.then((status) => {
      throw new Error(`the command ended with ${status} before ${String(expected)} was seen:\n${this.seen}`)
    })
    return Promise.race([found, early])
  }

  /** Ends the command, as a terminal that is closed does. */
  async close(): Promise<void> {
    this.#child.kill()
    await this.ended
  }
}
