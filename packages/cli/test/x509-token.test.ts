import { needing } from '@scitokens-tests/programs'
import { execFileSync } from '@scitokens-tests/programs/processes'
import { chmodSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { SciToken } from '@scitokens/core'
import { expect } from 'vitest'
import { startGrid } from './support/grid.ts'
import { scitokens, temporaryDirectory } from './support/scitokens.ts'

const { test } = needing('openssl')

const RULES = [{ match: 'dn:/CN=Ana', scopes: ['read:/store', 'write:/store/ana'] }]
const claims = (token: string): Record<string, unknown> => SciToken.decode(token.trim()).unverifiedClaims

test('a proxy gets a token, printed or written where discovery finds it', async () => {
  const grid = await startGrid(RULES)
  const env = { X509_USER_PROXY: grid.proxy, XDG_RUNTIME_DIR: grid.directory }
  const args = ['x509-token', grid.url, '--ca', grid.ca]

  const printed = await scitokens(args, { env })
  expect(printed.status, printed.stderr).toBe(0)
  expect(claims(printed.stdout)).toMatchObject({
    iss: grid.url,
    sub: '/CN=Ana',
    aud: 'https://se.example',
    scope: 'read:/store write:/store/ana',
  })
  // As the grid's own clients do: RFC 8414 first.
  expect(grid.asked).toEqual(['/.well-known/oauth-authorization-server/vo'])

  const narrow = await scitokens(
    [...args, '--json', '--scope', 'read:/store/run7', '--audience', 'https://ce.example', '--lifetime', '10m'],
    { env },
  )
  const { token, expiresAt, ...rest } = narrow.json<{ token: string; expiresAt: number }>()
  expect(rest).toEqual({ ok: true, credential: grid.proxy, scopes: ['read:/store/run7'] })
  expect(claims(token)).toMatchObject({ scope: 'read:/store/run7', aud: 'https://ce.example' })
  expect(expiresAt - Date.now() / 1000).toBeLessThanOrEqual(600)

  const written = await scitokens([...args, '--write'], { env })
  const file = join(grid.directory, `bt_u${process.geteuid!()}`)
  expect(written.stdout.trim()).toBe(file)
  expect(statSync(file).mode & 0o777).toBe(0o600)
  const found = await scitokens(['discover'], { env: { XDG_RUNTIME_DIR: grid.directory } })
  expect(found.stdout.trim()).toBe(file)
  expect(claims(readFileSync(file, 'utf8'))).toMatchObject({ sub: '/CN=Ana' })
})

test('a certificate with its key in another file will do, and metadata is not asked for where the endpoint is told', async () => {
  const grid = await startGrid(RULES)
  const args = ['x509-token', grid.url, '--ca', grid.ca, '--json']
  const told = await scitokens([...args, '--cert', grid.certificate, '--key', grid.key])
  expect(told.json()).toMatchObject({ ok: true, credential: grid.certificate })
  const here = [...args, '--token-endpoint', `${grid.url}/token`, '--cert', grid.certificate, '--key', grid.key]
  expect((await scitokens(here)).json()).toMatchObject({ ok: true })
  expect(grid.asked).toHaveLength(1)
})

test('the exit status tells a refusal, a mistake and an outage apart', async () => {
  const grid = await startGrid([{ match: 'dn:/CN=Ben', scopes: ['read:/store'] }])
  const args = ['x509-token', grid.url, '--ca', grid.ca]
  const env = { X509_USER_PROXY: grid.proxy }

  const nothing = await scitokens(args, { env })
  expect(nothing).toMatchObject({ status: 1, stdout: '' })
  expect(nothing.stderr).toContain('invalid_scope')

  const leaf = join(grid.directory, 'proxy.pem')
  const incomplete = await scitokens([...args, '--cert', leaf, '--key', join(grid.directory, 'proxy.key'), '--json'])
  expect(incomplete.status).toBe(1)
  expect(incomplete.json()).toMatchObject({ ok: false, error: { code: 'bad_certificate' } })
  expect(grid.audit.events.at(-1)?.detail).toMatch(/^incomplete_chain: /)

  const missing = await scitokens(args, { env: { X509_USER_PROXY: join(grid.directory, 'none') } })
  expect(missing.status).toBe(2)
  expect(missing.stderr).toContain('cannot be read (ENOENT)')

  chmodSync(grid.proxy, 0o640)
  const loose = await scitokens(args, { env })
  expect(loose.status).toBe(2)
  expect(loose.stderr).toContain('can be read by others: chmod 600 it')
  expect(loose.stderr.trimEnd().split('\n')).toHaveLength(1)
  chmodSync(grid.proxy, 0o600)

  const away = await scitokens(['x509-token', 'https://localhost:1/vo', '--ca', grid.ca], { env })
  expect(away.status).toBe(3)
})

test('a certificate whose key has a passphrase is told as such', async () => {
  const grid = await startGrid(RULES)
  const locked = join(temporaryDirectory(), 'locked.key')
  execFileSync('openssl', ['pkcs8', '-topk8', '-in', grid.key, '-out', locked, '-passout', 'pass:secret'], {
    stdio: 'ignore',
  })
  chmodSync(locked, 0o600)
  const { status, stderr } = await scitokens([
    'x509-token',
    grid.url,
    '--ca',
    grid.ca,
    '--cert',
    grid.certificate,
    '--key',
    locked,
  ])
  expect(status).toBe(2)
  expect(stderr).toMatch(/certificate and key in .* cannot be used/)
})
