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
  return start(process.execPath, [...SERVER, JSON.stringify({ name: 'test', ...options })])
}

/** The same, started by a service manager that holds its socket. */
export function startManager(where: string, notify: string, way: string, options: object): Running {
  const program = [process.execPath, ...SERVER, JSON.stringify({ name: 'test', ...options })]
  return start('perl', [join(PROGRAMS, 'manager.pl'), where, notify, way, ...program])
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
    // The manager of the tests ends by that, after the server; a server by the signal.
    child.stdin.end()
    if (command === process.execPath) child.kill('SIGTERM')
    await ended
  })
  const lines = (text: string): readonly string[] => text.split('\n').slice(0, -1)
  return { process: child, said: () => lines(out), told: () => lines(err), ended }
}
