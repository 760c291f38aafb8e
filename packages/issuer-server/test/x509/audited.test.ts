import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { type IncomingMessage, request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openIssuer, type Issuer, MemoryAudit } from '@scitokens/issuer'
import { type IdentityVerifier, openVerifier } from '@scitokens/x509'
import { createTestGrid, type TestCredential, type TestGrid } from '@scitokens/x509/testing'
import { expect, onTestFinished, test } from 'vitest'

const SECRET = 'a-secret-that-the-front-end-shares-with-us'
const ANA = '/DC=org/DC=example/OU=People/CN=Ana'
const FORM = { 'content-type': 'application/x-www-form-urlencoded' }

function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'x509-'))
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
  return directory
}

function newGrid(): { grid: TestGrid; ana: TestCredential } {
  const grid = createTestGrid(temporaryDirectory())
  return { grid, ana: grid.person('Ana') }
}

/** An issuer with a rule and a user name for Ana. */
async function start(verifier: IdentityVerifier): Promise<{ issuer: Issuer; audit: MemoryAudit }> {
  const directory = temporaryDirectory()
  const [rules, dnMapping] = [join(directory, 'rules.json'), join(directory, 'mapping.json')]
  writeFileSync(rules, JSON.stringify({ rules: [{ match: `dn:${ANA}`, scopes: ['read:/store'] }] }))
  writeFileSync(dnMapping, JSON.stringify({ [ANA]: 'ana' }))
  const audit = new MemoryAudit()
  const x509 = { verifier, rules, dnMapping, audiences: ['x'] }
  const issuer = await openIssuer({ issuer: 'https://issuer.example.org/vo', storage: { memory: true }, audit, x509 })
  onTestFinished(() => issuer.close())
  return { issuer, audit }
}

interface Reply {
  readonly status: number
  readonly headers: Record<string, unknown>
  readonly body: Record<string, unknown>
}

/** Asks for a token with a chain, and answers the reply, and the audit line with the certificate that it is about. */
async function audited(grid: TestGrid, shown: TestCredential): Promise<{ reply: Reply; line: object; ana: object }> {
  const frontEnd = { secret: SECRET, certificateHeader: 'x-cert', chainHeader: 'x-chain' }
  const { authorities, vomsDirectory } = grid
  const verifier = await openVerifier({ authorities, vomsDirectory, hosts: ['issuer.example.org'], frontEnd })
  const { issuer, audit } = await start(verifier)
  const [leaf, ...rest] = shown.chain.map((der) => der.toString('base64'))
  const numbered = Object.fromEntries(rest.map((text, index) => [`x-chain-${index}`, text]))
  const { statusCode, headers, body } = await issuer.buildServer().inject({
    method: 'POST',
    url: '/vo/token',
    payload: 'grant_type=client_credentials',
    headers: { ...FORM, ...numbered, 'x-front-end-secret': SECRET, 'x-cert': leaf! },
  })
  const reply = { status: statusCode, headers, body: JSON.parse(body) as Reply['body'] }
  const { fingerprint256, serialNumber } = new X509Certificate(shown.chain.at(-1)!)
  const ana = {
    certificate: fingerprint256.replaceAll(':', '').toLowerCase(),
    certificateDn: ANA,
    certificateIssuer: '/DC=org/DC=example/CN=Test CA',
    certificateSerial: serialNumber.toLowerCase(),
  }
  return { reply, line: audit.events.at(-1)!, ana }
}

test('the audit line of a token has the certificate of the person behind it: name, issuer, serial number and fingerprint', async () => {
  const { grid, ana } = newGrid()
  const { line, ana: certificate } = await audited(grid, ana.proxy({ fqans: ['/cms'] }).proxy())
  expect(line).toMatchObject({ event: 'token_issued', subject: 'ana', detail: `${ANA}; /cms`, ...certificate })
})

test('a refusal of attributes says whose they are, for an authority vouches for that', async () => {
  const { grid, ana } = newGrid()
  const { line, ana: certificate } = await audited(grid, ana.proxy({ fqans: ['/cms'], targets: ['ce.example.org'] }))
  expect(line).toMatchObject({
    event: 'token_refused',
    subject: ANA,
    detail: expect.stringMatching(/^voms_wrong_target: /),
    ...certificate,
  })
})

test('attributes that cannot be judged are told in the same way', async () => {
  const { grid, ana } = newGrid()
  writeFileSync(join(grid.vomsDirectory, 'cms', 'voms.example.org.lsc'), 'nonsense')
  const { line, ana: certificate } = await audited(grid, ana.proxy({ fqans: ['/cms'] }))
  expect(line).toMatchObject({ subject: ANA, detail: expect.stringMatching(/^vomsdir_unreadable: /), ...certificate })
})

test('what was refused before an authority vouched for it is told as it was shown, and is nobody’s', async () => {
  const forged = newGrid().ana
  const { reply, line, ana: certificate } = await audited(newGrid().grid, forged.proxy())
  expect(line).toMatchObject({
    event: 'token_refused',
    detail: expect.stringMatching(/^bad_signature: /),
    ...certificate,
  })
  expect(line).not.toHaveProperty('subject')
  expect(reply).toMatchObject({ status: 401, body: { error: 'invalid_client' } })
  expect(reply.body['error_description']).toMatch(/^the certificate is not acceptable \(bad_signature\): /)
})

test('that a certificate cannot be judged is nobody’s fault who asks', async () => {
  const { grid, ana } = newGrid()
  rmSync(join(grid.authorities, 'aaaaaaaa.r0'))
  const { reply, line } = await audited(grid, ana)
  expect(reply).toMatchObject({
    status: 503,
    headers: { 'retry-after': '60' },
    body: { error: 'temporarily_unavailable', error_description: expect.stringMatching(/\(crl_missing\)$/) },
  })
  expect(line).toMatchObject({ detail: expect.stringMatching(/^crl_missing: /) })
})

test('a front end is believed over a Unix socket of the issuer; over TCP it is not, which the audit says', async () => {
  const { issuer, audit } = await start(await openVerifier({ frontEnd: { unixSocket: true, dnHeader: 'x-dn' } }))
  const ask = async (where: object): Promise<number> => {
    const sent = request({ ...where, path: '/vo/token', method: 'POST', headers: { ...FORM, 'x-dn': ANA } })
    sent.end('grant_type=client_credentials')
    const [response] = (await once(sent, 'response')) as [IncomingMessage]
    response.resume()
    return response.statusCode!
  }
  const path = join(temporaryDirectory(), 'issuer.sock')
  await issuer.buildServer().listen({ path })
  expect(await ask({ socketPath: path })).toBe(200)
  expect(audit.events.at(-1)).toMatchObject({ event: 'token_issued', subject: 'ana' })
  const { hostname, port } = new URL(await issuer.listen())
  expect(await ask({ host: hostname, port })).toBe(401)
  expect(audit.events.at(-1)).toMatchObject({
    event: 'token_refused',
    error: 'invalid_client',
    detail: 'front_end_not_believed: the header x-dn was not sent by the front end',
  })
})
