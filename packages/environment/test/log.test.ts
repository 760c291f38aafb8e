import { spawnSync } from '@scitokens-tests/programs/processes'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { SciToken } from '@scitokens/core'
import { openLog, type LogOptions } from '../src/index.ts'
import { createTestIssuer } from '@scitokens/core/testing'
import { refusal } from './refusal.ts'
import { temporaryDirectory } from './temporary.ts'

const issuer = await createTestIssuer()
const token = await issuer.sign({ aud: 'x', scope: 'read:/' })
const keyed = await new SciToken({
  key: issuer.key,
  claims: { iss: issuer.issuer, aud: 'x', scope: 'read:/' },
}).serialize({ includeKey: true })
const linesOf = (file: string): Record<string, unknown>[] =>
  readFileSync(file, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>)

test('a line says when, how bad and what', async () => {
  const file = join(temporaryDirectory(), 'x.log')
  const log = await openLog({ file: file, level: 'DEBUG' })
  log.critical({ issuer: 'https://issuer.example' }, 'one')
  log.error({}, 'two')
  log.warn({}, 'three')
  log.info({}, 'four')
  log.debug({}, 'five')
  await log.close()
  const lines = linesOf(file)
  expect(lines.map(({ level, msg }) => `${level as string} ${msg as string}`)).toEqual([
    'CRITICAL one',
    'ERROR two',
    'WARNING three',
    'INFO four',
    'DEBUG five',
  ])
  expect(lines[0]!['issuer']).toBe('https://issuer.example')
  expect(lines[0]!['time']).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/)
  expect(statSync(file).mode & 0o777).toBe(0o600)
})

test('what is less severe than the level is left out', async () => {
  const file = join(temporaryDirectory(), 'x.log')
  const log = await openLog({ file: file })
  log.info({}, 'no')
  log.warn({}, 'yes')
  await log.close()
  expect(linesOf(file).map(({ msg }) => msg)).toEqual(['yes'])
})

test('no token, signature or key gets into a log, whichever way it tries', async () => {
  const file = join(temporaryDirectory(), 'x.log')
  const log = await openLog({ file: file, level: 'DEBUG' })
  const jwk = issuer.key.exportJwk()
  const pem = await issuer.key.exportPem()
  const ways: (() => void)[] = [
    () => log.error({}, token),
    () => log.error({}, `got ${keyed}.`),
    () => log.error({ token, nested: { list: [keyed], [token]: 1 } }, 'x'),
    () => log.error({ err: new Error(`bad ${token}`, { cause: new Error(keyed) }) }, 'x'),
    () => log.error({ jwk, headers: { authorization: `Bearer ${token}`, Cookie: 'session=opaque-session-id' } }, 'x'),
    () => log.error({}, 'Authorization: Bearer opaque-token-0123456789, Basic b3BhcXVlOnBhc3N3b3Jk'),
    () => log.error({ refresh_token: 'opaque-refresh-"token"', client_secret: 'opaque-secret', key: pem }, 'x'),
    () => log.error({}, JSON.stringify({ access_token: token })),
    () => log.error({}, pem),
  ]
  for (const way of ways) way()
  await log.close()
  const text = readFileSync(file, 'utf8')
  expect(linesOf(file)).toHaveLength(ways.length)
  const secrets = [
    ...token.split('.'),
    ...keyed.split('.'),
    jwk.d!,
    'opaque',
    'b3BhcXVlOnBhc3N3b3Jk',
    pem.split('\n')[1]!,
  ]
  for (const secret of secrets) expect(text).not.toContain(secret)
})

test('the file is rotated by size, and old ones are dropped', async () => {
  const directory = temporaryDirectory()
  const file = join(directory, 'x.log')
  const log = await openLog({ file: file, maxFileMegabytes: 1, maxFiles: 2 })
  // One megabyte at a time, and the file that follows is there before the next.
  for (let n = 1; n <= 4; n++) {
    log.warn({ n }, 'x'.repeat(1_100_000))
    // oxlint-disable-next-line no-await-in-loop -- the rotation is what is waited for
    await expect.poll(() => statSync(file, { throwIfNoEntry: false })?.size ?? -1).toBe(0)
  }
  log.warn({}, 'last')
  await log.close()
  expect(readdirSync(directory).toSorted()).toEqual(['x.log', 'x.log.1', 'x.log.2'])
  expect(linesOf(file).map(({ msg }) => msg)).toEqual(['last'])
  expect(linesOf(join(directory, 'x.log.1'))[0]!['n']).toBe(4)
  expect(readdirSync(directory).every((name) => (statSync(join(directory, name)).mode & 0o077) === 0)).toBe(true)
})

test('a log file that cannot be opened is told at once', async () => {
  const directory = temporaryDirectory()
  expect(await refusal(() => openLog({ file: directory }))).toBe('config config_error')
  expect(await refusal(() => openLog({ file: '/dev/null/x.log' }))).toBe('config config_error')
})

const inNode = (code: string): { stdout: string; stderr: string; status: number | null } => {
  const args = ['--conditions=@scitokens/source', '--input-type=module', '-e', code]
  return spawnSync(process.execPath, args, { encoding: 'utf8', cwd: import.meta.dirname })
}

test('without a file, the log goes to standard error', () => {
  const { stdout, stderr, status } = inNode(`
    import { openLog } from '@scitokens/environment'
    const log = await openLog()
    log.error({}, 'hello ${token}')
    await log.close()`)
  expect(status).toBe(0)
  expect(stdout).toBe('')
  expect(JSON.parse(stderr)).toMatchObject({ level: 'ERROR', msg: 'hello [redacted]' })
})

test('importing changes nothing: no variable is read, no file opened, no log made', () => {
  const { stdout, status } = inNode(`
    const read = []
    process.env = new Proxy(process.env, { get: (env, name) => (read.push(name), env[name]) })
    const before = process.listenerCount('exit')
    await import('@scitokens/environment')
    const loaded = process.moduleLoadList ?? []
    console.log(JSON.stringify({ read: read.filter((n) => /TOKEN|XDG/.test(String(n))), after: process.listenerCount('exit') - before }))`)
  expect(status).toBe(0)
  expect(JSON.parse(stdout)).toEqual({ read: [], after: 0 })
})

test.each([
  [{ level: 'LOUD' }, 'the option level must be one of'],
  [{ log_file: '/x' }, 'there is no option "log_file": known are level, file'],
  [{ maxFiles: 0 }, 'the option maxFiles must be a number of files'],
  [{ maxFileMegabytes: 0.5 }, 'the option maxFileMegabytes must be'],
])('options that cannot be meant are refused: %j', async (options, message) => {
  await expect(openLog(options as LogOptions)).rejects.toThrow(message)
})
