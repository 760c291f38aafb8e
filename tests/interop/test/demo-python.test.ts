// The Python library as it comes from PyPI: it asks https://demo.scitokens.org, which is led to our demonstration.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { defaultCacheDirectory, preparePython } from '@scitokens/conformance'
import { SciToken, StaticKeys } from '@scitokens/core'
import { openDemo, type Demo } from '@scitokens/token-generator'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createAuthority, signServerCertificate } from '../src/certificates.ts'
import { type Outcome, requirePrograms, run } from '../src/programs.ts'

const ISSUER = 'https://demo.scitokens.org'
const DRIVER = join(import.meta.dirname, '../src/demo')
const folder = mkdtempSync(join(tmpdir(), 'scitokens-demo-'))
let demo: Demo
let python: string
let env: NodeJS.ProcessEnv
let keys: StaticKeys

beforeAll(async () => {
  requirePrograms({ openssl: 'openssl', python3: 'python3-venv' })
  python = await preparePython(defaultCacheDirectory())
  const authority = createAuthority(folder)
  const { certificate, key } = signServerCertificate(folder, 'demo', authority, 'demo.scitokens.org')
  demo = await openDemo({ issuer: ISSUER })
  const server = demo.buildServer({ https: { cert: readFileSync(certificate), key: readFileSync(key) } } as object)
  await server.listen({ host: '127.0.0.1', port: 0 })
  env = {
    DEMO_PORT: String((server.server.address() as AddressInfo).port),
    PYTHONPATH: DRIVER,
    PYTHONDONTWRITEBYTECODE: '1',
    REQUESTS_CA_BUNDLE: authority.certificate,
    SSL_CERT_FILE: authority.certificate,
    XDG_CACHE_HOME: folder,
  }
  const certs = await server.inject('/oauth2/certs')
  keys = new StaticKeys({ [ISSUER]: certs.json() })
})

afterAll(async () => {
  await demo?.close()
  rmSync(folder, { recursive: true, force: true })
})

function expectSuccess({ code, stdout, stderr }: Outcome): string {
  expect(stderr).toBe('')
  expect(code).toBe(0)
  return stdout.trim()
}

test('scitokens-admin-create-token --demo prints a token that its claims went into', async () => {
  // By its interpreter: an environment that was moved into place keeps its old name in the scripts' first lines.
  const program = join(dirname(python), 'scitokens-admin-create-token')
  const printed = expectSuccess(await run(python, [program, '--demo', 'scope=read:/x', 'sub=ana'], { env }))
  const token = await SciToken.deserialize(printed, { keys })
  expect(token.verified?.header['alg']).toBe('ES256')
  expect(token.claims()).toMatchObject({ iss: ISSUER, aud: ISSUER, scope: 'read:/x', sub: 'ana', ver: 'scitoken:2.0' })
})

test('utils.demo.parsed_token verifies what it got, with the keys that it finds by discovery', async () => {
  const claims = expectSuccess(await run(python, [join(DRIVER, 'parsed_token.py')], { env }))
  expect(JSON.parse(claims)).toMatchObject({ iss: ISSUER, scope: 'read:/protected', sub: 'ana' })
})
