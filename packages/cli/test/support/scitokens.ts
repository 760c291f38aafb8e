import { type ChildProcess, spawn } from '@scitokens-tests/programs/processes'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished, vi } from 'vitest'

// Every call is a process of its own, and a busy machine starts few a second.
vi.setConfig({ testTimeout: 240_000 })

/** A home with nothing in it, so that no test finds or leaves anything in a real one. Gone when its process ends. */
export const EMPTY_HOME: string = mkdtempSync(join(tmpdir(), 'scitokens-cli-home-'))
process.once('exit', () => rmSync(EMPTY_HOME, { recursive: true, force: true }))

/** The program's source. */
export const BIN: string = join(import.meta.dirname, '../../src/bin.ts')

/** How a child process is run. */
export interface RunOptions {
  readonly cwd?: string
  readonly env?: Record<string, string>
  /** Text on standard input; undefined closes it at once, as cron does. */
  readonly input?: string
  /** Called with all of standard error so far, whenever there is more. */
  readonly onStderr?: (stderr: string) => void
}

/** What a child process left. */
export interface Ran {
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
  /** Standard output as JSON. */
  // oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- spares every test a cast
  json<T = Record<string, unknown>>(): T
}

/** Runs the real program as a child process, in an environment that knows no token of the machine. */
export function scitokens(args: readonly string[], { cwd, env, input, onStderr }: RunOptions = {}): Promise<Ran> {
  const child = spawn(process.execPath, ['--conditions=@scitokens/source', BIN, ...args], {
    cwd: cwd ?? tmpdir(),
    env: { PATH: process.env['PATH'], HOME: EMPTY_HOME, XDG_RUNTIME_DIR: '/nonexistent', ...env },
    stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
  })
  let stdout = ''
  let stderr = ''
  child.stdout!.setEncoding('utf8').on('data', (text: string) => (stdout += text))
  child.stderr!.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
    onStderr?.(stderr)
  })
  child.stdin?.on('error', () => {}) // it may end before it has read everything
  child.stdin?.end(input)
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (status) => resolve({ status, stdout, stderr, json: () => JSON.parse(stdout) as never }))
  })
}

/** Starts the real program and lets it run; `onOutput` gets everything it writes. */
export function startScitokens(args: readonly string[], onOutput: (text: string) => void): ChildProcess {
  const child = spawn(process.execPath, ['--conditions=@scitokens/source', BIN, ...args], {
    cwd: tmpdir(),
    env: { PATH: process.env['PATH'], HOME: EMPTY_HOME },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', onOutput)
  return child
}

/** A temporary directory for one test. */
export function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'scitokens-cli-'))
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
  return directory
}
