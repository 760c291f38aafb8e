import { type ChildProcessWithoutNullStreams, spawn } from '@scitokens-tests/programs/processes'
import { once } from 'node:events'
import { join } from 'node:path'
import { expect, onTestFinished } from 'vitest'

const PROGRAMS = join(import.meta.dirname, 'programs')
const SERVER = ['--conditions=@scitokens/source', join(PROGRAMS, 'server.ts')]

/** A process of a test, with what it has said until now. */
export interface Running {
  readonly process: ChildProcessWithoutNullStreams
  /** Lines of standard output. */
  readonly said: () => readonly string[]
  /** Lines of standard error. */
  readonly told: () => readonly string[]
  /** Its exit status, or the signal that ended it. */
  readonly ended: Promise<number | string | null>
}

/** The server of the tests, with these options. */
export function startServer(options: object): Running {
  const [command = '', ...words] = serverProgram(options)
  return start(command, words)
}

/** The command line of the same. */
export function serverProgram(options: object): readonly string[] {
  return [process.execPath, ...SERVER, JSON.stringify({ name: 'test', ...options })]
}

/** Waits until a line of standard output fits; answers what it says. */
export async function heard(running: Running, pattern: RegExp): Promise<string> {
  const find = (): string | undefined =>
    running
      .said()
      .map((line) => pattern.exec(line)?.[1])
      .find((found) => found !== undefined)
  await expect.poll(find, { message: `${pattern} in ${running.told().join('\n')}` }).toBeDefined()
  return find()!
}

function start(command: string, words: readonly string[]): Running {
  const child = spawn(command, words)
  let [out, err] = ['', '']
  child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text))
  const ended = once(child, 'close').then(([code, signal]) => (code ?? signal) as number | string | null)
  onTestFinished(async () => {
    child.kill('SIGTERM')
    await ended
  })
  const lines = (text: string): readonly string[] => text.split('\n').slice(0, -1)
  return { process: child, said: () => lines(out), told: () => lines(err), ended }
}
