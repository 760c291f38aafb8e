// A service manager as systemd is one, for tests: it holds a listening socket while the program behind it is restarted, and hears what the
// program tells it. In Perl, because Node can make neither a socket that listens and is not served, nor a datagram socket of the Unix kind.
import { once } from 'node:events'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { expect, onTestFinished } from 'vitest'
import { spawn } from './processes.ts'

/** What a {@link startServiceManager} starts. */
export interface ManagedService {
  /** Where it listens for the program: `tcp`, which is a free port of 127.0.0.1, or `unix:/path`. */
  readonly where: string
  /** A path for its notification socket. */
  readonly notify: string
  /** How the program can tell it something: by a descriptor called `notify`, by the path in `NOTIFY_SOCKET`, or not at all. */
  readonly way: 'descriptor' | 'path' | 'none'
  /** The command line of the program. */
  readonly program: readonly string[]
}

/** A service manager, and the program that it started. */
export interface ServiceManager {
  /** The port where it listens; 0 for a Unix socket. */
  readonly port: number
  /** Ends the program with SIGTERM and starts it again. */
  restart(): void
  /** Sends the program a signal: `HUP`. */
  signal(name: string): void
  /** What the program told, a message each: `READY=1`. */
  heard(): readonly string[]
  /** How often the program told that it is ready. */
  readies(): number
  /** Lines that the program wrote to standard error. */
  errors(): readonly string[]
}

/** Starts the program with its socket. A test asks for `perl` by name first. It ends with the test. */
export async function startServiceManager({ where, notify, way, program }: ManagedService): Promise<ServiceManager> {
  const child = spawn('perl', [join(import.meta.dirname, 'service-manager.pl'), where, notify, way, ...program])
  let [out, err] = ['', '']
  child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text))
  const ended = once(child, 'close')
  onTestFinished(async () => {
    child.stdin.end()
    await ended
  })
  const lines = (text: string): readonly string[] => text.split('\n').slice(0, -1)
  const heard = (): readonly string[] =>
    lines(out).flatMap((line) => (line.startsWith('told ') ? [line.slice('told '.length)] : []))
  await expect.poll(() => out + err).toMatch(/^listening \d+\n/)
  return {
    port: Number(/^listening (\d+)/.exec(out)?.[1]),
    restart: () => void child.stdin.write('restart\n'),
    signal: (name) => void child.stdin.write(`signal ${name}\n`),
    heard,
    readies: () => heard().filter((line) => line.startsWith('READY=1')).length,
    errors: () => lines(err),
  }
}

/** What came of requests. */
export interface Load {
  /** What was answered. */
  readonly answers: readonly string[]
  /** Why the others were not. */
  readonly lost: readonly string[]
}

/** Restarts the program so many times while clients ask without a pause. */
export async function restartUnderLoad(
  manager: ServiceManager,
  {
    restarts,
    clients,
    ask,
  }: { readonly restarts: number; readonly clients: number; readonly ask: () => Promise<string> },
): Promise<Load> {
  const [answers, lost]: [string[], string[]] = [[], []]
  const load = new AbortController()
  const client = async (): Promise<void> => {
    while (!load.signal.aborted) {
      try {
        // oxlint-disable-next-line no-await-in-loop -- one request after the other, as a client does
        answers.push(await ask())
      } catch (error) {
        lost.push((error as NodeJS.ErrnoException).code ?? String(error))
        // oxlint-disable-next-line no-await-in-loop -- as above
        await setTimeout(10)
      }
    }
  }
  await expect.poll(() => manager.readies()).toBe(1)
  const running = Array.from({ length: clients }, client)
  for (let restart = 1; restart <= restarts; restart += 1) {
    // oxlint-disable-next-line no-await-in-loop -- one restart after the other
    await setTimeout(300)
    manager.restart()
    // oxlint-disable-next-line no-await-in-loop -- as above
    await expect.poll(() => manager.readies(), { message: manager.errors().join('\n') }).toBe(restart + 1)
  }
  await setTimeout(300)
  load.abort()
  await Promise.all(running)
  return { answers, lost }
}
