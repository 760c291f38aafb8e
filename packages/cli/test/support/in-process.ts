import { closeSync, openSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { systemClock } from '@scitokens/core'
import type { CliContext } from '../../src/context.ts'
import { type CommandDescription, describeCommand, flatten } from '../../src/describe.ts'
import { buildProgram } from '../../src/program.ts'
import { run } from '../../src/run.ts'
import { EMPTY_HOME, temporaryDirectory } from './scitokens.ts'

/** What a command left that ran in this process. */
export interface RanHere {
  readonly status: number
  readonly stdout: string
  readonly stderr: string
  /** Standard output as JSON. */
  // oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- spares every test a cast
  json<T = Record<string, unknown>>(): T
}

const NOTHING = openSync('/dev/null', 'r')

/** Runs a command line in this process: a hundred of them take a second. Where processes matter, use `scitokens`. */
export async function runHere(
  args: readonly string[],
  { env = {}, input, signal = new AbortController().signal, onOutput = () => {} }: HereOptions = {},
): Promise<RanHere> {
  let stdout = ''
  let stderr = ''
  const stdinFd = input === undefined ? NOTHING : fileWith(input)
  const context: CliContext = {
    env: { HOME: EMPTY_HOME, XDG_RUNTIME_DIR: '/nonexistent', ...env },
    stdinFd,
    stdout: { write: (text) => onOutput((stdout += text)) },
    stderr: { write: (text) => (stderr += text) },
    clock: systemClock,
    signal,
  }
  try {
    const status = await run(args, context)
    return { status, stdout, stderr, json: () => JSON.parse(stdout) as never }
  } finally {
    if (stdinFd !== NOTHING) closeSync(stdinFd)
  }
}

function fileWith(text: string): number {
  const file = join(temporaryDirectory(), 'stdin')
  writeFileSync(file, text)
  return openSync(file, 'r')
}

/** Options of {@link runHere}. */
export interface HereOptions {
  readonly env?: Record<string, string>
  /** What standard input holds. */
  readonly input?: string
  /** Ends a command that serves. */
  readonly signal?: AbortSignal
  /** Called with all of standard output so far. */
  readonly onOutput?: (stdout: string) => void
}

/** Every command that does something, as the program itself describes it. */
export function everyCommand(): readonly CommandDescription[] {
  const silent = { write: () => true }
  const context = { env: {}, stdinFd: NOTHING, stdout: silent, stderr: silent, clock: () => 0 }
  const program = buildProgram({ context: { ...context, signal: new AbortController().signal }, exit: () => {} })
  return flatten(describeCommand(program)).filter(({ subcommands }) => subcommands.length === 0)
}
