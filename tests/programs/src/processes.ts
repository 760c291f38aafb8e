// The one file of the tests that starts processes: a test of tools/test sees to it.
import * as processes from 'node:child_process'
import { basename, isAbsolute, join, relative } from 'node:path'
import { tmpdir } from 'node:os'
import { promisify } from 'node:util'
import { isAskedFor } from './asked.ts'
import { BARE } from './programs.ts'

export { askFor } from './asked.ts'
export type { ChildProcess, ChildProcessWithoutNullStreams } from 'node:child_process'

const workTree = join(import.meta.dirname, '..', '..', '..')

/** As of `node:child_process`, for what a bare machine has, for what npm brought, and for what a test has asked for. */
export const spawn: typeof processes.spawn = guarded(processes.spawn)
/** As {@link spawn}. */
export const spawnSync: typeof processes.spawnSync = guarded(processes.spawnSync)
/** As {@link spawn}. */
export const execFileSync: typeof processes.execFileSync = guarded(processes.execFileSync)
/** As {@link spawn}. */
export const execFile: typeof processes.execFile = Object.assign(guarded(processes.execFile), {
  [promisify.custom]: guarded(promisify(processes.execFile)),
})

function guarded<Start>(start: Start): Start {
  const checked = (command: string, ...rest: readonly unknown[]): unknown => {
    checkCommand(command)
    return (start as (...all: readonly unknown[]) => unknown)(command, ...rest)
  }
  return checked as Start
}

/** Throws where nobody has asked for a program: somewhere it is missing. */
function checkCommand(command: string): void {
  if (command === process.execPath || isOurs(command)) return
  const name = basename(command)
  if (BARE.includes(name) || isAskedFor(name)) return
  throw new Error(
    `this test starts ${name}, which not every machine has, and did not ask for it: needs('${name}') or needing('${name}') of @scitokens-tests/programs`,
  )
}

/** Whether a program lies in the work tree, where npm put it, or was made by a test. */
function isOurs(command: string): boolean {
  if (!isAbsolute(command)) return false
  return [workTree, tmpdir()].some((folder) => !relative(folder, command).startsWith('..'))
}
