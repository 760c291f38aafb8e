import { needs } from '@scitokens-tests/programs'
import { execFileSync } from '@scitokens-tests/programs/processes'
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { createTestIssuer, type TestIssuer } from '@scitokens/core/testing'
import { CACHE_FILE, CPP_CACHE_FILE, CppStore, SqliteStore } from '@scitokens/keycache'
import { afterEach, beforeEach, expect, onTestFinished, test, vi } from 'vitest'
import { type Ran, scitokens, temporaryDirectory } from './support/scitokens.ts'

// Every command is a process of its own and needs its time to start, more so on a busy machine.
vi.setConfig({ testTimeout: 120_000 })

let requests: string[]
let healthy: boolean
let issuer: TestIssuer
let directory: string
const server = createServer((request, response) => {
  requests.push(request.url ?? '')
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const body = request.url === '/jwks' ? issuer.jwks : { issuer: url, jwks_uri: `${url}/jwks` }
  response.writeHead(healthy ? 200 : 500, { 'content-type': 'application/json' }).end(JSON.stringify(body))
})

beforeEach(async () => {
  requests = []
  healthy = true
  directory = temporaryDirectory()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  issuer = await createTestIssuer({ issuer: `http://127.0.0.1:${(server.address() as AddressInfo).port}` })
})
afterEach(() => new Promise((resolve) => server.close(resolve)))

const LOOPBACK = '--dangerously-allow-loopback-http'

/** Runs `scitokens keycache …` on this test's cache. */
function keycache(...args: string[]): Promise<Ran> {
  return scitokens(['keycache', ...args, '--cache-dir', 'cache'], { cwd: directory })
}

test('add gets keys, list shows them, and another add asks nobody', async () => {
  const added = await keycache('add', issuer.issuer, LOOPBACK)
  expect([added.status, added.stdout]).toEqual([0, `${issuer.issuer}: 1 key\n`])
  const listed = await keycache('list')
  expect(listed.status).toBe(0)
  expect(listed.stdout.split('\n')[0]).toMatch(/^ISSUER +AGE +KEYS +FETCHED +USABLE +LAST FAILURE$/)
  expect(listed.stdout.split('\n')[1]).toMatch(new RegExp(`^${issuer.issuer} +fresh +1 +\\d+ s ago +for 4 d$`))
  expect((await keycache('add', issuer.issuer, LOOPBACK)).status).toBe(0)
  expect(requests).toEqual(['/.well-known/openid-configuration', '/jwks'])
})

test('list --json tells times in seconds and the names of keys', async () => {
  await keycache('add', issuer.issuer, LOOPBACK)
  const { issuers } = (await keycache('list', '--json')).json<{ issuers: Record<string, unknown>[] }>()
  expect(issuers).toMatchObject([{ issuer: issuer.issuer, age: 'fresh', kids: [issuer.key.kid] }])
  expect(issuers[0]!['expiresAt']).toBeCloseTo(Date.now() / 1000 + 345_600, -2)
})

test('looking at a cache that is not there makes none', async () => {
  expect(await keycache('list')).toMatchObject({ status: 0, stdout: expect.stringContaining('no keys in') as string })
  expect(await keycache('status')).toMatchObject({ status: 0 })
  expect(await keycache('remove', issuer.issuer)).toMatchObject({ status: 1 })
  expect(await keycache('update')).toMatchObject({ status: 0 })
  expect(existsSync(join(directory, 'cache'))).toBe(false)
})

test('an issuer that cannot be reached is exit status 3, and a loop of commands does not storm it', async () => {
  healthy = false
  const file = join(directory, 'cache', CACHE_FILE)
  const store = SqliteStore.open(file)
  const failedAt = Date.now() / 1000 - 120
  store.saveTrouble(issuer.issuer, {
    failures: 9,
    failedAt,
    retryAt: failedAt,
    code: 'issuer_unavailable',
    message: '',
  })
  store.close()
  for (let round = 0; round < 4; round++) {
    // oxlint-disable-next-line no-await-in-loop -- a loop in a shell
    const ran = await keycache('add', issuer.issuer, LOOPBACK)
    expect(ran.status).toBe(3)
    expect(ran.stderr).toContain('status 500')
  }
  expect(requests).toHaveLength(1)
  const status = await keycache('status')
  expect([status.status, status.stdout]).toEqual([1, expect.stringContaining(`unusable  ${issuer.issuer}`)])
})

test('update refreshes what is due, by force everything, and tells what failed', async () => {
  await keycache('add', issuer.issuer, LOOPBACK)
  expect(await keycache('update', LOOPBACK)).toMatchObject({ status: 0, stdout: `${issuer.issuer}: up to date\n` })
  expect(requests).toHaveLength(2)
  await keycache('update', '--force', LOOPBACK)
  expect(requests).toHaveLength(4)
  healthy = false
  const failed = await keycache('update', '--force', '--json', issuer.issuer, LOOPBACK)
  expect(failed.status).toBe(3)
  expect(failed.json()).toMatchObject({
    ok: false,
    issuers: [{ issuer: issuer.issuer, error: { code: 'issuer_unavailable' } }],
  })
  expect((await keycache('status')).status).toBe(0)
})

test('an issuer in the file that may not be contacted is told, and nothing is asked', async () => {
  await keycache('add', issuer.issuer, LOOPBACK)
  const ran = await keycache('update', '--force')
  expect([ran.status, ran.stdout]).toEqual([3, expect.stringContaining('is not https')])
  expect(requests).toHaveLength(2)
})

test('keys from a file serve a host without network, and remove forgets them', async () => {
  writeFileSync(join(directory, 'vo.jwks'), JSON.stringify(issuer.jwks))
  const name = 'https://unreachable.example'
  expect(await keycache('add', name, '--jwks', 'vo.jwks')).toMatchObject({ status: 0 })
  const { issuers } = (await keycache('list', '--json')).json<{ issuers: object[] }>()
  expect(issuers).toMatchObject([{ issuer: name, kids: [issuer.key.kid] }])
  expect(await keycache('remove', name, 'https://other.example')).toMatchObject({
    status: 1,
    stdout: `${name}: removed\nhttps://other.example: not in the cache\n`,
  })
  expect((await keycache('list', '--json')).json()).toMatchObject({ issuers: [] })
})

test('keys go to the cache of scitokens-cpp and come from it', async () => {
  await keycache('add', issuer.issuer, LOOPBACK)
  const cppFile = join(directory, 'cpp', CPP_CACHE_FILE)
  expect(await keycache('seed', '--to', cppFile)).toMatchObject({ status: 0, stdout: `${issuer.issuer}: copied\n` })
  const cpp = CppStore.open(cppFile, { readOnly: true })
  expect(cpp.read(issuer.issuer)?.keys?.jwks.keys).toMatchObject([{ kid: issuer.key.kid }])
  cpp.close()

  const seeded = await scitokens(['keycache', 'seed', '--from', cppFile, '--cache-dir', 'other', '--json'], {
    cwd: directory,
  })
  expect(seeded).toMatchObject({ status: 0 })
  expect(seeded.json()).toEqual({ copied: [issuer.issuer], left: [] })
  server.closeAllConnections()
  healthy = false
  const again = await scitokens(['keycache', 'add', issuer.issuer, LOOPBACK, '--cache-dir', 'other'], {
    cwd: directory,
  })
  expect(again.status).toBe(0)
  expect(requests).toHaveLength(2)
})

test(
  'an issuer whose certificate is from a private authority is reached with --ca, and not without',
  needs('openssl'),
  async () => {
    const names = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost']
    const openssl = [
      'req',
      '-x509',
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:prime256v1',
      '-nodes',
      '-days',
      '2',
      ...names,
    ]
    execFileSync('openssl', [...openssl, '-keyout', 'key.pem', '-out', 'ca.pem'], { cwd: directory, stdio: 'ignore' })
    const [key, cert] = ['key.pem', 'ca.pem'].map((file) => readFileSync(join(directory, file)))
    const tls = createTlsServer({ key, cert }, (request, response) => {
      const url = `https://localhost:${(tls.address() as AddressInfo).port}`
      const body = request.url === '/jwks' ? issuer.jwks : { issuer: url, jwks_uri: `${url}/jwks` }
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body))
    })
    await new Promise<void>((resolve) => tls.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => void tls.close())
    const name = `https://localhost:${(tls.address() as AddressInfo).port}`
    expect(await keycache('add', name)).toMatchObject({ status: 3 })
    expect(await keycache('update', name, '--force', '--ca', 'ca.pem')).toMatchObject({ status: 0 })
    expect(await keycache('add', name, '--ca', 'ca.pem')).toMatchObject({ status: 0, stdout: `${name}: 1 key\n` })
  },
)

test('the environment of scitokens-cpp says where the cache is; a variable that makes no sense is a usage error', async () => {
  const run = (env: Record<string, string>): Promise<Ran> =>
    scitokens(['keycache', 'add', issuer.issuer, LOOPBACK], { cwd: directory, env })
  expect(await run({ SCITOKEN_CONFIG_KEYCACHE_CACHE_HOME: directory })).toMatchObject({ status: 0 })
  expect(existsSync(join(directory, 'scitokens', CACHE_FILE))).toBe(true)
  expect(await run({ XDG_CACHE_HOME: join(directory, 'xdg') })).toMatchObject({ status: 0 })
  expect(existsSync(join(directory, 'xdg', 'scitokens', CACHE_FILE))).toBe(true)
  expect(await run({ SCITOKEN_CONFIG_KEYCACHE_UPDATE_INTERVAL_S: 'often' })).toMatchObject({ status: 2 })
})

test('seed wants one direction, and a file that is there', async () => {
  expect(await keycache('seed')).toMatchObject({ status: 2 })
  expect(await keycache('seed', '--from', 'missing')).toMatchObject({ status: 2 })
  expect(await keycache('seed', '--from', 'a', '--to', 'b')).toMatchObject({ status: 2 })
})

test('a cache file that cannot be used is "could not decide", and is left as it was', async () => {
  await keycache('add', issuer.issuer, LOOPBACK)
  const file = join(directory, 'cache', CACHE_FILE)
  writeFileSync(file, 'no database'.repeat(1000))
  chmodSync(file, 0o600)
  expect(await keycache('list')).toMatchObject({
    status: 3,
    stderr: expect.stringContaining('not a database') as string,
  })
  expect(await keycache('status')).toMatchObject({ status: 3 })
  expect(await keycache('add', issuer.issuer, LOOPBACK)).toMatchObject({ status: 3 })
})
