import { openSync } from 'node:fs'
import { systemClock } from '@scitokens/core'
import type { CliContext } from '../../src/context.ts'
import { type CommandDescription, describeCommand, flatten } from '../../src/describe.ts'
import { buildProgram } from '../../src/program.ts'
import { run } from '../../src/run.ts'

/** What a command left that ran in this process. */
export interface RanHere {
  readonly status: number
  readonly stdout: string
  readonly stderr: string
}

const NOTHING = openSync('/dev/null', 'r')

/** Runs a command line in this process: a hundred of them take a second. Where processes matter, use `scitokens`. */
export async function runHere(
  args: readonly string[],
  { env = {}, signal = new AbortController().signal, onOutput = () => {} }: HereOptions = {},
): Promise<RanHere> {
  let stdout = ''
  let stderr = ''
  const context: CliContext = {
    env: { HOME: '/nonexistent', XDG_RUNTIME_DIR: '/nonexistent', ...env },
    stdinFd: NOTHING,
    stdout: { write: (text) => onOutput((stdout += text)) },
    stderr: { write: (text) => (stderr += text) },
    clock: systemClock,
    signal,
  }
  const status = await run(args, context)
  return { status, stdout, stderr }
}

/** Options of {@link runHere}. */
export interface HereOptions {
  readonly env?: Record<string, string>
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
