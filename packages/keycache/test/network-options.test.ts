import { needing } from '@scitokens-tests/programs'
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import { expect, onTestFinished } from 'vitest'
import type { KeyCacheOptions } from '../src/index.ts'
import { createAuthority } from '@scitokens-tests/programs/authority'
import { cacheForTest, issuerForTest, temporaryDirectory } from './fixture.ts'

const { test } = needing('openssl')

async function loadsWith(ca: (file: string, directory: string) => NonNullable<KeyCacheOptions['ca']>): Promise<number> {
  const directory = temporaryDirectory()
  const authority = createAuthority(directory)
  const hashed = join(directory, 'certificates')
  mkdirSync(hashed)
  // As in /etc/grid-security/certificates, with files of other kinds beside the certificates.
  copyFileSync(authority.file, join(hashed, `${authority.hash}.0`))
  copyFileSync(createAuthority(directory, 'other').file, join(hashed, '0a1b2c3d.0'))
  for (const name of [`${authority.hash}.r0`, `${authority.hash}.signing_policy`, 'grid-ca.info'])
    writeFileSync(join(hashed, name), 'x')
  const server = await issuerForTest({ tls: authority.certify('localhost') })
  const cache = cacheForTest(server, { ca: ca(authority.file, hashed) })
  return (await cache.load(server.issuer)).keys.length
}

test('authorities are given as a file', async () => {
  expect(await loadsWith((file) => file)).toBe(1)
})

test('authorities are given as several files', async () => {
  expect(await loadsWith((file) => [file, file])).toBe(1)
})

test('authorities are given as a directory of files named by hash', async () => {
  expect(await loadsWith((_, directory) => ({ directory }))).toBe(1)
})

test("one cache's authorities do not serve another cache, though both talk to the same server", async () => {
  const authority = createAuthority(temporaryDirectory())
  const server = await issuerForTest({ tls: authority.certify('localhost') })
  const trusting = cacheForTest(server, { ca: authority.file })
  const other = cacheForTest(server)
  await trusting.load(server.issuer)
  await expect(other.load(server.issuer)).rejects.toMatchObject({ code: 'issuer_unavailable' })
})

test("authorities are trusted besides the system's, not instead of them", async () => {
  const [system, own] = [createAuthority(temporaryDirectory(), 'system'), createAuthority(temporaryDirectory(), 'own')]
  const before = getCACertificates('default')
  setDefaultCACertificates([...before, system.pem])
  onTestFinished(() => setDefaultCACertificates(before))
  const server = await issuerForTest({ tls: system.certify('localhost') })
  expect((await cacheForTest(server, { ca: own.pem }).load(server.issuer)).keys).toHaveLength(1)
})

test.each(['/nowhere/ca.pem', ['/nowhere/ca.pem'], { directory: '/nowhere' }])('%j is found missing at once', (ca) => {
  expect(() => cacheForTest({ issuer: 'https://issuer.example' }, { ca })).toThrow(
    expect.objectContaining({ code: 'config_error' }),
  )
})

test('a directory without certificates is a configuration error, not a failure of the issuer', async () => {
  const server = await issuerForTest({ tls: createAuthority(temporaryDirectory()).certify('localhost') })
  const cache = cacheForTest(server, { ca: { directory: temporaryDirectory() } })
  await expect(cache.load(server.issuer)).rejects.toMatchObject({ code: 'config_error' })
  expect(cache.monitoring().failed_key_lookups).toBe(0)
})
