import { needing } from '@scitokens-tests/programs'
import { execFile } from '@scitokens-tests/programs/processes'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect } from 'vitest'
import { jobWrapperPath } from '../src/index.ts'
import { temporaryDirectory } from './support/workspace.ts'

const { test } = needing('cat', 'head', 'mv', 'rm', 'sed', 'sleep', 'stat', 'touch')

const run = promisify(execFile)

/** A job's sandbox with credentials as HTCondor's starter leaves them. */
function sandbox(files: Record<string, string>): { directory: string; env: Record<string, string> } {
  const directory = temporaryDirectory()
  mkdirSync(join(directory, '.condor_creds'))
  for (const [name, content] of Object.entries(files)) writeFileSync(join(directory, '.condor_creds', name), content)
  const env = {
    PATH: '/usr/bin:/bin',
    _CONDOR_CREDS: join(directory, '.condor_creds'),
    TMPDIR: directory,
    SCITOKENS_COPY_SECONDS: '0.05',
  }
  return { directory, env }
}

const show = ['sh', '-c', 'printf "%s\\n" "${BEARER_TOKEN_FILE:-none}"; cat "$BEARER_TOKEN_FILE" 2>/dev/null; exit 0']

async function job(env: Record<string, string>, command: readonly string[] = show): Promise<string[]> {
  const { stdout } = await run('/bin/sh', [jobWrapperPath(), ...command], { env })
  return stdout.trim().split('\n')
}

test('a bare token is used where the starter keeps it fresh', async () => {
  const { env } = sandbox({ 'vo.use': 'aaa.bbb.ccc\n' })
  expect(await job(env)).toEqual([join(env['_CONDOR_CREDS']!, 'vo.use'), 'aaa.bbb.ccc'])
})

test('a token in JSON is copied to a file of its own, and again when a new one comes', async () => {
  const { env } = sandbox({ 'vo.use': '{"access_token":"aaa.bbb.ccc","expires_in":1200}\n' })
  const [file, token] = await job(env)
  expect(file).toMatch(new RegExp(`^${env['TMPDIR']}/bearer_token`))
  expect(token).toBe('aaa.bbb.ccc')
  const waiting = `while [ "$(cat "$BEARER_TOKEN_FILE")" != new.token.xyz ]; do sleep 0.05; touch "$_CONDOR_CREDS/vo.use"; done; echo renewed; stat -c %a "$BEARER_TOKEN_FILE"`
  const renewing = job(env, ['sh', '-c', waiting])
  writeFileSync(join(env['_CONDOR_CREDS']!, 'vo.use'), '{"access_token": "new.token.xyz"}')
  expect(await renewing).toEqual(['renewed', '600'])
})

test('of several credentials the job names one; unnamed, it gets none rather than one of chance', async () => {
  const { env } = sandbox({ 'a.use': 'token-a', 'b.use': 'token-b' })
  expect(await job(env)).toEqual(['none'])
  expect((await job({ ...env, SCITOKENS_SERVICE: 'b' }))[1]).toBe('token-b')
})

test('what the job has set itself is left alone, and a job without credentials runs as it is', async () => {
  const { env } = sandbox({ 'vo.use': 'aaa' })
  expect((await job({ ...env, BEARER_TOKEN_FILE: '/own' }))[0]).toBe('/own')
  expect(await job({ PATH: '/usr/bin:/bin' })).toEqual(['none'])
})

test("the job's arguments and status are its own", async () => {
  const { env } = sandbox({ 'vo.use': 'aaa' })
  expect(await job(env, ['printf', '%s|', 'a b', '*', '$HOME'])).toEqual(['a b|*|$HOME|'])
  await expect(job(env, ['sh', '-c', 'exit 7'])).rejects.toMatchObject({ code: 7 })
})
