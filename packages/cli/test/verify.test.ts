import { writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { createTestIssuer } from '@scitokens/core/testing'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { scitokens, temporaryDirectory } from './support/scitokens.ts'

let requests = 0
const server = createServer((request, response) => {
  requests += 1
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const body = request.url === '/jwks' ? issuer.jwks : { issuer: base, jwks_uri: `${base}/jwks` }
  response.setHeader('content-type', 'application/json').end(JSON.stringify(body))
})
let issuer: Awaited<ReturnType<typeof createTestIssuer>>

beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  issuer = await createTestIssuer({ issuer: `http://127.0.0.1:${(server.address() as AddressInfo).port}` })
})
afterAll(() => server.close())

/** A directory with a token and the issuer's set, and the arguments that trust it without network. */
async function prepared(claims = {}): Promise<{ cwd: string; trust: string[] }> {
  const cwd = temporaryDirectory()
  writeFileSync(join(cwd, 'jwks.json'), JSON.stringify(issuer.jwks))
  const token = await issuer.sign({ aud: 'https://se.example', scope: 'read:/store write:/store/ana', ...claims })
  writeFileSync(join(cwd, 'token'), token)
  const trust = ['--token-file', 'token', '--issuer', issuer.issuer, '--dangerously-allow-loopback-http']
  return { cwd, trust: [...trust, '--jwks', 'jwks.json', '--audience', 'https://se.example'] }
}

test('verify says yes (0), no (1) and usage (2)', async () => {
  const { cwd, trust } = await prepared()
  const ask = (args: string[]): Promise<number | null> =>
    scitokens(['verify', ...args], { cwd }).then((ran) => ran.status)
  const [yes, no, noAudience, missingAuthority] = await Promise.all([
    ask(trust),
    ask(trust.map((word) => (word === 'https://se.example' ? 'https://other.example' : word))),
    ask(trust.slice(0, -2)),
    ask([
      '--token-file',
      'token',
      '--issuer',
      issuer.issuer,
      '--any-audience',
      '--cache-dir',
      'cache',
      '--ca',
      'missing',
    ]),
  ])
  expect([yes, no]).toEqual([0, 1])
  expect([noAudience, missingAuthority]).toEqual([2, 2])
})

test('verify, acls and test take no token that is bound to a key: they see no proof of it', async () => {
  const { cwd, trust } = await prepared({ cnf: { 'x5t#S256': 'x' } })
  const commands = [['verify'], ['acls'], ['test', 'read', '/store']]
  for (const ran of await Promise.all(commands.map((words) => scitokens([...words, '--json', ...trust], { cwd })))) {
    expect(ran.status).toBe(1)
    expect(ran.json()).toMatchObject({ ok: false, error: { code: 'proof_missing', family: 'not_acceptable' } })
  }
})

test('an issuer that cannot be reached is "could not decide", never "no"', async () => {
  const { cwd } = await prepared()
  const dead = await createTestIssuer({ issuer: 'http://127.0.0.1:1' })
  writeFileSync(join(cwd, 'token'), await dead.sign({ aud: 'x' }))
  const args = ['--token-file', 'token', '--issuer', dead.issuer, '--any-audience', '--cache-dir', 'cache', '--json']
  const ran = await scitokens(['verify', ...args, '--dangerously-allow-loopback-http'], { cwd })
  expect(ran.status).toBe(3)
  expect(ran.json()).toMatchObject({ ok: false, error: { family: 'undecided' } })
})

test('keys come from the network once and from the cache afterwards', async () => {
  const { cwd } = await prepared()
  const args = ['verify', '--token-file', 'token', '--issuer', issuer.issuer, '--any-audience', '--cache-dir', 'cache']
  const once = await scitokens([...args, '--dangerously-allow-loopback-http'], { cwd })
  expect(once.status, once.stderr).toBe(0)
  const before = requests
  const again = await scitokens([...args, '--dangerously-allow-loopback-http'], { cwd })
  expect(again.status, again.stderr).toBe(0)
  expect(requests).toBe(before)
})

test('acls lists what the token allows', async () => {
  const { cwd, trust } = await prepared()
  const ran = await scitokens(['acls', ...trust], { cwd })
  expect(ran.stdout).toBe('read:/store\nwrite:/store/ana\n')
})

test('test answers for one path, with the reason', async () => {
  const { cwd, trust } = await prepared()
  const [yes, no, expired] = await Promise.all([
    scitokens(['test', 'write', '/store/ana/x', ...trust], { cwd }),
    scitokens(['test', 'write', '/store/ben/x', '--json', ...trust], { cwd }),
    prepared().then(async (other) => {
      writeFileSync(join(other.cwd, 'token'), await issuer.sign({ aud: 'https://else.example', scope: 'read:/' }))
      return scitokens(['test', 'read', '/', ...other.trust], { cwd: other.cwd })
    }),
  ])
  expect([yes.status, yes.stdout]).toEqual([0, expect.stringMatching(/^allowed: /)])
  expect(no.status).toBe(1)
  expect(no.json()).toMatchObject({ ok: false, allowed: false, code: 'scope_denied', missing: ['write:/store/ben/x'] })
  expect(expired.status).toBe(1)
})

test('conformance run ends with the counts and exits 1 when a case fails', async () => {
  const ran = await scitokens(['conformance', 'run'])
  expect(ran.stdout).toMatch(/\d+ passed, \d+ failed/)
  expect(ran.status).toBe(/ 0 failed/.test(ran.stdout) ? 0 : 1)
  const missing = await scitokens(['conformance', 'run', 'nonexistent.json'])
  expect(missing.status).toBe(2)
})
