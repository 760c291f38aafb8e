import { needs } from '@scitokens-tests/programs'
import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { joinKeyedToken, SciToken, SigningKey, signBaseToken, splitKeyedToken, StaticKeys } from '@scitokens/core'
import { createTestIssuer } from '@scitokens/core/testing'
import { beforeAll, expect, test } from 'vitest'
import { runHere } from './support/in-process.ts'
import { temporaryDirectory } from './support/scitokens.ts'
import { TERMINAL, PROGRAM, Terminal } from './support/terminal.ts'

const ISSUER = 'https://vo.example'
const AUDIENCE = 'https://se.example'
let jwks: object
let base: string

beforeAll(async () => {
  const [signer, own] = await Promise.all([SigningKey.generate(), SigningKey.generate()])
  jwks = { keys: [signer.publicJwk] }
  const claims = { iss: ISSUER, sub: 'ana', aud: [AUDIENCE], scope: 'read:/store write:/store/ana' }
  base = joinKeyedToken(await signBaseToken({ signer, cwk: own.publicJwk, lifetime: 1800, claims }), own)
})

/** A directory with the base token and the issuer's keys. */
function prepared(): string {
  const cwd = temporaryDirectory()
  writeFileSync(join(cwd, 'base.token'), `${base}\n`)
  writeFileSync(join(cwd, 'jwks.json'), JSON.stringify(jwks))
  return cwd
}

const claimsOf = (token: string): Record<string, unknown> => SciToken.decode(token).unverifiedClaims

test('a leaf can do what it was narrowed to, and nothing else, at a server that takes chains', async () => {
  const cwd = prepared()
  const scope = ['--scope', 'read:/store/run7', '--audience', AUDIENCE, '--lifetime', '5m']
  const leaf = await runHere(['attenuate', '--parent-file', join(cwd, 'base.token'), ...scope])
  expect(leaf.status, leaf.stderr).toBe(0)
  expect(leaf.stdout.trim().split('.')).toHaveLength(3) // without the key
  const keys = new StaticKeys({ [ISSUER]: jwks })
  const token = await SciToken.deserialize(leaf.stdout.trim(), { keys, chains: true })
  expect(token.claims()).toMatchObject({ iss: ISSUER, sub: 'ana', scope: 'read:/store/run7', aud: AUDIENCE })
  // The lifetime counts from when it was made, a moment ago.
  const left = (claimsOf(leaf.stdout.trim())['exp'] as number) - Date.now() / 1000
  expect(left).toBeLessThanOrEqual(301)
  expect(left).toBeGreaterThan(0)
})

test('the parent may come on standard input; without wishes a leaf has all its rights, for no longer than it lives', async () => {
  const ran = await runHere(['attenuate', '--parent-file', '-', '--json'], { input: base })
  const { token, claims } = ran.json<{ token: string; claims: Record<string, unknown> }>()
  expect(claims).toEqual(claimsOf(token))
  expect(claims).toMatchObject({ scope: 'read:/store write:/store/ana', aud: [AUDIENCE] })
  expect(claims['exp']).toBeLessThanOrEqual(claimsOf(splitKeyedToken(base).token)['exp'] as number)
})

test('a parent made with --include-key goes into a file of mode 0600, and a leaf can be derived from it in turn', async () => {
  const cwd = prepared()
  const scope = ['--scope', 'write:/store/ana']
  const made = await runHere([
    'attenuate',
    '--parent-file',
    join(cwd, 'base.token'),
    ...scope,
    '--include-key',
    '-o',
    join(cwd, 'narrow.token'),
  ])
  expect(made.status, made.stderr).toBe(0)
  expect(made.stdout).toBe('')
  expect(statSync(join(cwd, 'narrow.token')).mode & 0o777).toBe(0o600)
  expect(readFileSync(join(cwd, 'narrow.token'), 'utf8').trim().split('.')).toHaveLength(4)
  const [leaf, again] = await Promise.all([
    runHere(['attenuate', '--parent-file', join(cwd, 'narrow.token'), '--scope', 'write:/store/ana/run7']),
    runHere(['attenuate', '--parent-file', join(cwd, 'base.token'), '--include-key', '-o', join(cwd, 'narrow.token')]),
  ])
  expect(claimsOf(leaf.stdout.trim())['scope']).toBe('write:/store/ana/run7')
  expect(again.status).toBe(2)
  expect(again.stderr).toMatch(/exists already \(--force replaces it\)/)
})

test.each([
  ['that may more than its parent', ['--scope', 'write:/'], /has an authorization of its own/],
  ['for another service than the parent is for', ['--audience', 'https://other.example'], /meant for other servers/],
  ['for longer than the parent lives', ['--lifetime', '1d'], /cannot live longer/],
])('whoever asks for a token %s has made a mistake, and gets none', async (_, wish, sentence) => {
  const ran = await runHere(['attenuate', '--parent-file', '-', ...wish], { input: base })
  expect(ran.status).toBe(2)
  expect(ran.stdout).toBe('')
  expect(ran.stderr).toMatch(sentence)
  expect(ran.stderr.trim().split('\n')).toHaveLength(1)
})

test('a token without its key cannot be narrowed, and says so', async () => {
  const plain = await (await createTestIssuer()).sign({ aud: AUDIENCE })
  const ran = await runHere(['attenuate', '--parent-file', '-'], { input: plain })
  expect(ran.status).not.toBe(0)
  expect(ran.stdout).toBe('')
  expect(ran.stderr.trim().split('\n')).toHaveLength(1)
})

test('a key is not shown on a terminal', needs(...TERMINAL), async () => {
  const cwd = prepared()
  const terminal = new Terminal([...PROGRAM, 'attenuate', '--parent-file', 'base.token', '--include-key'], { cwd })
  expect(await terminal.ended).toBe(2)
  expect(terminal.seen).toMatch(/a token with its key is not shown on a terminal: give --out FILE/)
  expect(terminal.seen).not.toContain('eyJ')
})

test('decode shows what a link says, from its array; verify takes no chains', async () => {
  const cwd = prepared()
  const leaf = (await runHere(['attenuate', '--parent-file', join(cwd, 'base.token')])).stdout.trim()
  const parent = splitKeyedToken(base).token
  for (const token of [leaf, parent]) {
    const payload: unknown = JSON.parse(Buffer.from(token.split('.')[1]!, 'base64url').toString())
    // oxlint-disable-next-line no-await-in-loop -- one program after the other
    const shown = await runHere(['decode', '--json', '--token-file', '-'], { input: token })
    expect([shown.json<{ claims: unknown }>().claims]).toEqual(payload)
    const keys = ['--jwks', join(cwd, 'jwks.json'), '--issuer', ISSUER, '--audience', AUDIENCE]
    // oxlint-disable-next-line no-await-in-loop -- as above
    const verified = await runHere(['verify', '--json', '--token-file', '-', ...keys], { input: token })
    expect(verified.status).toBe(1)
    expect(verified.json()).toMatchObject({ error: { code: 'chain_not_accepted' } })
  }
})
