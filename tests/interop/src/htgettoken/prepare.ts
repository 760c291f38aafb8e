import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { defaultCacheDirectory } from '@scitokens/conformance'

const execute = promisify(execFile)

/** What is installed from PyPI: a run next month should test the same. */
const HTGETTOKEN_VERSION = '2.2'

/** Its programs. */
export interface Htgettoken {
  readonly htgettoken: string
  readonly htdecodetoken: string
}

/**
 * htgettoken from PyPI, in a virtual environment that is kept for the next run; its libraries for Kerberos and SSH are Debian's, as they
 * need compiling otherwise. Throws, saying what is needed, where it cannot be had.
 */
export async function prepareHtgettoken(): Promise<Htgettoken> {
  const directory = join(defaultCacheDirectory(), `htgettoken-${HTGETTOKEN_VERSION}`)
  if (!(await exists(directory))) await install(directory)
  const program = (name: string): string => join(directory, 'bin', name)
  await execute(program('python'), ['-c', 'import gssapi, paramiko, urllib3']).catch(cannotBeHad)
  return { htgettoken: program('htgettoken'), htdecodetoken: program('htdecodetoken') }
}

async function install(directory: string): Promise<void> {
  await mkdir(defaultCacheDirectory(), { recursive: true, mode: 0o700 })
  const unfinished = await mkdtemp(join(defaultCacheDirectory(), 'unfinished-'))
  try {
    // Debian's own interpreter: it is the one that Debian's libraries are for.
    await execute('/usr/bin/python3', ['-m', 'venv', '--system-site-packages', unfinished])
    const package_ = `htgettoken==${HTGETTOKEN_VERSION}`
    await execute(join(unfinished, 'bin', 'python'), ['-m', 'pip', 'install', '--quiet', '--no-deps', package_])
    // Its programs name the interpreter by its path.
    await execute('sed', ['-i', `1s#${unfinished}#${directory}#`, join(unfinished, 'bin', 'htgettoken')])
    await rename(unfinished, directory)
  } catch (error) {
    await rm(unfinished, { recursive: true, force: true })
    // Of two that make it at once the first one ready wins.
    if (!(await exists(directory))) cannotBeHad(error)
  }
}

function cannotBeHad(cause: unknown): never {
  const needs = 'PyPI, and the Debian packages python3-venv, python3-gssapi, python3-paramiko and python3-urllib3'
  throw new Error(`htgettoken cannot be had here (it needs ${needs})`, { cause })
}

function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  )
}
