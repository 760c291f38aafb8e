import { join } from 'node:path'
import type { Implementation } from '../implementation.ts'
import { openCommandPeer } from './command-peer.ts'
import { prepare, sourceOf } from './programs.ts'

/** The version of the Python library that is installed: a report should say the same next month. */
export const PYTHON_VERSION = '1.9.7'

/**
 * The Python library from PyPI, in a virtual environment that is made at the first use.
 *
 * @returns the interpreter that has it. Throws `config_error` where it cannot be installed.
 */
export async function preparePython(cacheDirectory: string): Promise<string> {
  const directory = await prepare({
    peer: 'the Python library',
    needs: 'python3 with venv, and PyPI',
    cacheDirectory,
    sources: [],
    version: `python-${PYTHON_VERSION}`,
    make: async (unfinished, run) => {
      await run('python3', ['-m', 'venv', unfinished])
      const python = join(unfinished, 'bin', 'python')
      await run(python, ['-m', 'pip', 'install', '--quiet', `scitokens==${PYTHON_VERSION}`])
    },
  })
  return join(directory, 'bin', 'python')
}

/** The Python library behind the peer protocol. */
export async function openPythonPeer(cacheDirectory: string): Promise<Implementation> {
  const command = await preparePython(cacheDirectory)
  return openCommandPeer({ command, args: [sourceOf('python/peer.py')] })
}
