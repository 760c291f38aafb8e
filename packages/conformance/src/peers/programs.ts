import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, readFile, rename, rm, stat } from 'node:fs/promises'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { ConfigError } from '@scitokens/core'

const run = promisify(execFile)

/** Where the sources of the peers' programs are. */
const SOURCES = new URL('../../peers/', import.meta.url)

/** The path of a file of a peer's program. */
export function sourceOf(name: string): string {
  return fileURLToPath(new URL(name, SOURCES))
}

/** Where built programs and installed libraries are kept unless told otherwise. */
export function defaultCacheDirectory(): string {
  return join(homedir(), '.cache', 'scitokens-conformance')
}

/** How a peer is prepared the first time. */
export interface Preparation {
  /** For people: `the Python library`. */
  readonly peer: string
  /** What is needed, for the sentence when it fails. */
  readonly needs: string
  readonly cacheDirectory: string
  /** Files whose content decides whether what is there is still the same. */
  readonly sources: readonly string[]
  /** Versions and the like, to the same end. */
  readonly version: string
  /** Makes the peer in an empty directory. */
  readonly make: (directory: string, command: RunCommand) => Promise<unknown>
}

/** Runs a command to its end. */
export type RunCommand = (command: string, args: readonly string[], options?: { cwd?: string }) => Promise<string>

/** Longest time that one step of a preparation may take, in milliseconds. */
const LONGEST_STEP_MS = 10 * 60_000

/**
 * The directory of a peer's program, made at the first use. Two processes may make it at the same time: the first one that is
 * ready wins. Throws `config_error` with what is needed where it cannot be made.
 */
export async function prepare({ peer, needs, cacheDirectory, sources, version, make }: Preparation): Promise<string> {
  const hash = createHash('sha256').update(version)
  for (const source of sources) {
    // oxlint-disable-next-line no-await-in-loop -- one or two small files, in order
    hash.update(await readFile(source))
  }
  const directory = join(cacheDirectory, `${version}-${hash.digest('hex').slice(0, 12)}`)
  if (await exists(directory)) return directory
  await makeDirectory(cacheDirectory)
  const unfinished = await mkdtemp(join(cacheDirectory, 'unfinished-'))
  try {
    await make(unfinished, runCommand)
    await rename(unfinished, directory)
  } catch (cause) {
    await rm(unfinished, { recursive: true, force: true })
    if (await exists(directory)) return directory
    throw new ConfigError('config_error', `${peer} cannot be had here (it needs ${needs}): ${lastLine(cause)}`, {
      cause,
    })
  }
  return directory
}

/** Level by level: `mkdir` with `recursive` never ends where no directory can be made, as below /proc. */
async function makeDirectory(directory: string): Promise<void> {
  if (await exists(directory)) return
  await makeDirectory(dirname(directory))
  await mkdir(directory, { mode: 0o700 }).catch((error: NodeJS.ErrnoException) => {
    // Another process was quicker.
    if (error.code !== 'EEXIST') throw error
  })
}

async function runCommand(command: string, args: readonly string[], options: { cwd?: string } = {}): Promise<string> {
  const { stdout } = await run(command, [...args], {
    ...options,
    timeout: LONGEST_STEP_MS,
    maxBuffer: 64 * 1024 * 1024,
  })
  return stdout
}

/** The last line that a command said before it failed is, as a rule, the one that tells why. */
function lastLine(cause: unknown): string {
  const { stderr, message } = cause as { stderr?: string; message: string }
  return ((stderr ?? '').trim() || message).split('\n').at(-1)!.trim()
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  )
}
