import { execFile } from 'node:child_process'
import { copyFile, mkdir, mkdtemp, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { defaultCacheDirectory } from '@scitokens/conformance'

const execute = promisify(execFile)

/** The clients' libraries, by version: a run next month should test the same. x/oauth2 is the newest that Debian 12's Go compiles. */
const VERSIONS = { requestsOauthlib: '2.0.0', oauthlib: '3.3.1', goOauth2: 'v0.24.0' }

/** A Python with requests-oauthlib, kept for the next run. */
export async function preparePythonClient(): Promise<string> {
  const { requestsOauthlib, oauthlib } = VERSIONS
  const directory = await prepare(`clients-python-${requestsOauthlib}-${oauthlib}`, async (unfinished) => {
    await execute('python3', ['-m', 'venv', unfinished])
    const packages = [`requests-oauthlib==${requestsOauthlib}`, `oauthlib==${oauthlib}`]
    await execute(join(unfinished, 'bin', 'python'), ['-m', 'pip', 'install', '--quiet', ...packages])
  })
  return join(directory, 'bin', 'python')
}

/** The program around golang.org/x/oauth2, compiled into `directory`; only the library is kept, by Go itself. */
export async function prepareGoClient(directory: string): Promise<string> {
  const work = join(directory, 'go-client')
  await mkdir(work)
  await copyFile(join(import.meta.dirname, 'oauth2.go'), join(work, 'main.go'))
  const go = (...args: string[]): Promise<unknown> => execute('go', args, { cwd: work })
  await go('mod', 'init', 'client')
  await go('get', `golang.org/x/oauth2@${VERSIONS.goOauth2}`)
  await go('mod', 'tidy')
  await go('build', '-o', 'client', '.')
  return join(work, 'client')
}

/** A directory of the cache, made at the first use; of two that make it at once the first one ready wins. */
async function prepare(name: string, make: (directory: string) => Promise<void>): Promise<string> {
  const cache = defaultCacheDirectory()
  const directory = join(cache, name)
  if (await exists(directory)) return directory
  await mkdir(cache, { recursive: true, mode: 0o700 })
  const unfinished = await mkdtemp(join(cache, 'unfinished-'))
  try {
    await make(unfinished)
    await rename(unfinished, directory)
  } catch (error) {
    await rm(unfinished, { recursive: true, force: true })
    if (!(await exists(directory))) throw error
  }
  return directory
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  )
}
