import { execFile } from 'node:child_process'
import { copyFile, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { keep } from '../keep.ts'

const execute = promisify(execFile)

/** The clients' libraries, by version: a run next month should test the same. x/oauth2 is the newest that Debian 12's Go compiles. */
const VERSIONS = { requestsOauthlib: '2.0.0', oauthlib: '3.3.1', goOauth2: 'v0.24.0' }

/** A Python with requests-oauthlib, kept for the next run. */
export async function preparePythonClient(): Promise<string> {
  const { requestsOauthlib, oauthlib } = VERSIONS
  const directory = await keep(`clients-python-${requestsOauthlib}-${oauthlib}`, async (unfinished) => {
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
