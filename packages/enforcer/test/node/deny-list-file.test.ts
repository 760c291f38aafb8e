import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createTestIssuer } from '@scitokens/core/testing'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { Enforcer } from '../../src/index.ts'
import { DenyListFile } from '../../src/node/index.ts'

let directory: string
let path: string

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'scitokens-enforcer-'))
  path = join(directory, 'denied')
})
afterEach(() => {
  rmSync(directory, { recursive: true })
})

const about = (issuer: string, tokenId: string) => ({ issuer, tokenId, subject: undefined, claims: {} })

test('a line is a jti, or an issuer and a jti; comments and blank lines are none', () => {
  writeFileSync(path, '# lost laptop\njti-1   # of ana\n\nhttps://a.example jti-2\r\n')
  const list = DenyListFile.open(path)
  expect(list.isRevoked(about('https://b.example', 'jti-1'))).toBe(true)
  expect(list.isRevoked(about('https://a.example', 'jti-2'))).toBe(true)
  expect(list.isRevoked(about('https://b.example', 'jti-2'))).toBe(false)
  expect(list.isRevoked(about('https://b.example', '#'))).toBe(false)
})

test('a token that was accepted and remembered is refused as soon as the file names it', async () => {
  writeFileSync(path, '')
  const issuer = await createTestIssuer()
  const { issuer: issuers, keys, clock } = issuer
  const enforcer = new Enforcer({ issuers, keys, clock, audience: 'a', revocation: DenyListFile.open(path) })
  const token = await issuer.sign({ aud: 'a', scope: 'read:/', jti: 'jti-1' })
  const ask = (): ReturnType<Enforcer['decide']> => enforcer.decide(token, { authz: 'read', path: '/' })
  expect(await ask()).toMatchObject({ allowed: true })
  writeFileSync(`${path}.new`, 'jti-1\n')
  renameSync(`${path}.new`, path)
  expect(await ask()).toMatchObject({ allowed: false, code: 'revoked', family: 'not_acceptable' })
  writeFileSync(path, '')
  expect(await ask()).toMatchObject({ allowed: true })
})

test('a file that is gone or makes no sense lets nothing pass, and is no bad token', async () => {
  writeFileSync(path, '')
  const issuer = await createTestIssuer()
  const { issuer: issuers, keys, clock } = issuer
  const enforcer = new Enforcer({ issuers, keys, clock, audience: 'a', revocation: DenyListFile.open(path) })
  const token = await issuer.sign({ aud: 'a', scope: 'read:/' })
  const ask = (): ReturnType<Enforcer['decide']> => enforcer.decide(token, { authz: 'read', path: '/' })
  rmSync(path)
  expect(await ask()).toMatchObject({ allowed: false, family: 'undecided' })
  writeFileSync(path, 'one two three\n')
  expect(await ask()).toMatchObject({ allowed: false, family: 'undecided' })
  writeFileSync(path, 'one two\n')
  expect(await ask()).toMatchObject({ allowed: true })
})

test('at the start a file that cannot be read, or makes no sense, is a wrong configuration that names its line', () => {
  expect(() => DenyListFile.open(path)).toThrow(expect.objectContaining({ code: 'config_error' }))
  writeFileSync(path, 'a\nb c d\n')
  expect(() => DenyListFile.open(path)).toThrow(`${path}:2: `)
})

test('within the interval the file is not looked at', () => {
  writeFileSync(path, '')
  const list = DenyListFile.open(path, { checkIntervalMs: 3_600_000 })
  writeFileSync(path, 'jti-1\n')
  expect(list.isRevoked(about('https://a.example', 'jti-1'))).toBe(false)
})
