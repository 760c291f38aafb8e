import { needing } from '@scitokens-tests/programs'
import { execFile } from '@scitokens-tests/programs/processes'
import { createHash, X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import type { IncomingMessage } from 'node:http'
import { Agent, request } from 'node:https'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { connect, getCACertificates, type SecureVersion, setDefaultCACertificates, type TLSSocket } from 'node:tls'
import { promisify } from 'node:util'
import { openIssuer, MemoryAudit } from '@scitokens/issuer'
import { decodeUnverified, systemClock } from '@scitokens/core'
import { afterAll, beforeAll, expect, onTestFinished } from 'vitest'
import { checkIssuerConfig } from '../../src/issuer/configured-issuer.ts'
import { type ServedIssuer, serveIssuer } from '../../src/serve.ts'
import { type Files, OpenSsl, words } from '@scitokens-tests/programs/openssl'
import { freePort, TestLog } from '../served.ts'
import { openVerifier } from '@scitokens/x509'

const { describe, test } = needing('curl', 'openssl')

const run = promisify(execFile)

let ssl: OpenSsl
let server: Files
let ana: Files
let port: number
let served: ServedIssuer
let rules: string
const log: TestLog = new TestLog()
/** Seconds by which the issuer's clock is ahead. */
let ahead = 0

beforeAll(async () => {
  ssl = new OpenSsl()
  server = ssl.person('localhost', 'server')
  ana = ssl.person('Ana')
  rules = join(ssl.directory, 'rules.json')
  writeFileSync(
    rules,
    JSON.stringify({
      rules: [
        { match: `dn:${encodeURIComponent(ana.subject)}`, scopes: ['read:/store', 'compute.create'] },
        { match: 'dn:/DC=org/DC=example/CN=Ana/CN=own-name', scopes: ['read:/agent'] },
      ],
    }),
  )
  port = await freePort()
  // As if the system knew the authority, as it knows those of the web.
  setDefaultCACertificates([...getCACertificates('default'), readFileSync(ssl.authority.certificate, 'utf8')])
  const path = join(ssl.directory, 'issuer.yaml')
  writeFileSync(
    path,
    `issuer: https://localhost:${port}/vo
listen: { port: ${port}, tls: { certificate: ${server.certificate}, key: ${server.key} } }
operations: false
storage: { file: ":memory:" }
audit: { file: ${join(ssl.directory, 'audit.jsonl')} }
x509:
  rules: ${rules}
  authorities: ${ssl.certificates}
  audiences: [https://se.example.org]
clients:
  - { clientId: robot, certificates: [{ sha256: '${createHash('sha256')
    .update(new X509Certificate(readFileSync(ana.certificate)).raw)
    .digest('hex')}' }], scopes: ['write:/'], audiences: [x] }
`,
  )
  served = await serveIssuer(path, { env: {}, logger: log, clock: () => systemClock() + ahead })
})
afterAll(async () => {
  await served?.stop()
  ssl?.remove()
})

/** What a client of the grid does, with `curl`. */
async function curl(
  who: Files | undefined,
  form: Record<string, string> = {},
): Promise<{ status: number; body: Record<string, unknown> }> {
  const credential = who === undefined ? [] : ['--cert', who.all, '--key', who.key]
  const data = Object.entries({ grant_type: 'client_credentials', ...form }).flatMap(([name, value]) => [
    '--data-urlencode',
    `${name}=${value}`,
  ])
  const { stdout } = await run('curl', [
    ...credential,
    ...data,
    ...words('--silent --show-error --cacert', ssl.authority.certificate, '--write-out \\n%{http_code}'),
    `https://localhost:${port}/vo/token`,
  ])
  const at = stdout.lastIndexOf('\n')
  return { status: Number(stdout.slice(at + 1)), body: JSON.parse(stdout.slice(0, at)) as Record<string, unknown> }
}

function lastAudit(): Record<string, unknown> {
  const lines = readFileSync(join(ssl.directory, 'audit.jsonl'), 'utf8').trim().split('\n')
  return JSON.parse(lines.at(-1)!) as Record<string, unknown>
}

/** What is refused, and why the audit says so. */
async function refused(who: Files): Promise<string> {
  const { status, body } = await curl(who)
  expect({ status, error: body['error'] }).toEqual({ status: 401, error: 'invalid_client' })
  const { event, detail } = lastAudit()
  expect(event).toBe('token_refused')
  const [defect] = (detail as string).split(':')
  expect(body['error_description']).toContain(`(${defect})`)
  return defect!
}

describe('with curl and certificates of openssl', () => {
  test('a person gets a token, with scope or the old scopes, that no longer lives than the certificate', async () => {
    const { status, body } = await curl(ana)
    expect({ status, body }).toMatchObject({
      status: 200,
      body: { scope: 'read:/store compute.create', expires_in: 3600 },
    })
    expect(decodeUnverified(body['access_token'] as string).unverifiedClaims).toMatchObject({
      sub: ana.subject,
      aud: 'https://se.example.org',
    })
    expect((await curl(ana, { scopes: 'read:/store/a' })).body['scope']).toBe('read:/store/a')
    ahead = 86_400 - 600
    try {
      const late = await curl(ana)
      expect(late.body['expires_in']).toBeLessThanOrEqual(600)
      expect(late.body['expires_in']).toBeGreaterThan(0)
    } finally {
      ahead = 0
    }
  })

  test('a proxy, and a proxy of it, stand for the person', async () => {
    const proxy = ssl.proxy(ana)
    expect((await curl(proxy)).body).toMatchObject({ scope: 'read:/store compute.create' })
    expect((await curl(ssl.proxy(proxy))).body).toMatchObject({ scope: 'read:/store compute.create' })
    expect(lastAudit()).toMatchObject({ event: 'token_issued', subject: ana.subject, detail: ana.subject })
  })

  test('a limited proxy gets what starts no jobs', async () => {
    expect((await curl(ssl.proxy(ana, 'limited'))).body).toMatchObject({ scope: 'read:/store' })
    expect(lastAudit()).toMatchObject({ detail: `${ana.subject} (limited proxy)` })
  })

  test('an independent proxy has its own name', async () => {
    expect((await curl(ssl.proxy(ana, 'independent', 'own-name'))).body).toMatchObject({ scope: 'read:/agent' })
    expect((await curl(ssl.proxy(ana, 'independent', 'other'))).body).toMatchObject({ error: 'invalid_scope' })
  })

  test('nobody without a certificate gets anything', async () => {
    expect(await curl(undefined)).toMatchObject({ status: 401, body: { error: 'invalid_client' } })
    expect(lastAudit()).toMatchObject({ detail: 'no client was named' })
  })

  test.each([
    ['uncritical', 'proxy_info_not_critical'],
    ['anything', 'proxy_policy'],
    ['nothing', 'not_an_authority'],
  ])('a proxy %s is refused: %s', async (section, defect) => {
    expect(await refused(ssl.proxy(ana, section))).toBe(defect)
  })

  test('a proxy below one that allows none is refused', async () => {
    const last = ssl.proxy(ana, 'last')
    expect((await curl(last)).status).toBe(200)
    expect(await refused(ssl.proxy(last))).toBe('proxy_path_length')
  })

  test('a proxy of Globus Toolkit 2 is refused', async () => {
    expect(await refused(ssl.proxy(ana, 'nothing', 'proxy'))).toBe('legacy_proxy')
  })

  test('a full proxy below a limited one is refused', async () => {
    expect(await refused(ssl.proxy(ssl.proxy(ana, 'limited')))).toBe('proxy_not_limited')
  })

  test('a proxy without the person behind it is refused', async () => {
    const proxy = ssl.proxy(ana)
    writeFileSync(proxy.all, readFileSync(proxy.certificate))
    expect(await refused(proxy)).toBe('incomplete_chain')
  })

  test('whoever another authority certifies is refused', async () => {
    const other = new OpenSsl()
    onTestFinished(() => other.remove())
    // It has the same name: only its key is another one.
    expect(await refused(other.person('Ana'))).toBe('bad_signature')
  })

  test('a revoked certificate is refused, with its proxies, as soon as the list says so', async () => {
    const ben = ssl.person('Ben')
    const proxy = ssl.proxy(ben)
    expect((await curl(proxy)).body).toMatchObject({ error: 'invalid_scope' })
    ssl.revoke(ben)
    expect(await refused(proxy)).toBe('revoked')
    expect(await refused(ben)).toBe('revoked')
  })

  test('a proxy that has expired is refused, and a list that has expired decides nothing', async () => {
    try {
      ahead = 2 * 86_400
      expect(await refused(ana)).toBe('expired')
      ahead = -86_400
      expect(await refused(ana)).toBe('not_yet_valid')
    } finally {
      ahead = 0
    }
  })
})

test('each request of a connection that is kept alive sees the whole chain', async () => {
  const proxy = ssl.proxy(ana)
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  onTestFinished(() => agent.destroy())
  const ask = async (): Promise<{ status: number | undefined; reused: boolean }> => {
    const sent = request({
      agent,
      host: 'localhost',
      port,
      path: '/vo/token',
      method: 'POST',
      ca: readFileSync(ssl.authority.certificate),
      cert: readFileSync(proxy.all),
      key: readFileSync(proxy.key),
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
    })
    sent.end('grant_type=client_credentials')
    const [response] = (await once(sent, 'response')) as [IncomingMessage]
    await response.toArray()
    return { status: response.statusCode, reused: sent.reusedSocket }
  }
  expect(await ask()).toEqual({ status: 200, reused: false })
  expect(await ask()).toEqual({ status: 200, reused: true })
  expect(await ask()).toEqual({ status: 200, reused: true })
})

test('a client with a name of its own is known by the very certificate, which needs no authority', async () => {
  expect(await curl(ana, { client_id: 'robot' })).toMatchObject({ status: 200, body: { scope: 'write:/' } })
  const another = ssl.person('Ana')
  expect(await curl(another, { client_id: 'robot' })).toMatchObject({ status: 401, body: { error: 'invalid_client' } })
  expect(lastAudit()).toMatchObject({ detail: 'robot showed no credentials' })
})

describe('resumption', () => {
  /** Connects, asks for a token with the old session if there is one, and answers what TLS gave for the next time. */
  async function visit(
    at: number,
    version: SecureVersion,
    who: Files,
    session?: Buffer,
  ): Promise<{ status: number; body: Record<string, unknown>; resumed: boolean; session: Buffer | undefined }> {
    const socket: TLSSocket = connect({
      port: at,
      host: '127.0.0.1',
      servername: 'localhost',
      ca: readFileSync(ssl.authority.certificate),
      cert: readFileSync(who.all),
      key: readFileSync(who.key),
      minVersion: version,
      maxVersion: version,
      ...(session ? { session } : {}),
    })
    let given: Buffer | undefined
    socket.on('session', (data: Buffer) => (given = data))
    await once(socket, 'secureConnect')
    const form = 'grant_type=client_credentials'
    const sent = request({
      createConnection: () => socket,
      path: '/vo/token',
      method: 'POST',
      headers: { host: `localhost:${port}`, 'content-type': 'application/x-www-form-urlencoded', connection: 'close' },
    })
    sent.end(form)
    const [response] = (await once(sent, 'response')) as [IncomingMessage]
    const chunks = await response.toArray()
    const body = JSON.parse(Buffer.concat(chunks as Buffer[]).toString()) as Record<string, unknown>
    return {
      status: response.statusCode!,
      body,
      resumed: socket.isSessionReused(),
      session: given ?? (version === 'TLSv1.2' ? socket.getSession() : undefined),
    }
  }

  test.each(['TLSv1.2', 'TLSv1.3'] as const)(
    'does not happen in %s, so that the chain is always there',
    async (version) => {
      const proxy = ssl.proxy(ana)
      const first = await visit(port, version, proxy)
      expect(first.status).toBe(200)
      const second = await visit(port, version, proxy, first.session)
      expect(second).toMatchObject({ status: 200, resumed: false, body: { scope: 'read:/store compute.create' } })
      // Nor after the server's own certificate was read again.
      expect(await served.reload()).toMatchObject({ ok: true })
      const third = await visit(port, version, proxy)
      expect(await visit(port, version, proxy, third.session)).toMatchObject({ status: 200, resumed: false })
    },
  )

  test.each(['TLSv1.2', 'TLSv1.3'] as const)(
    'is refused in %s where a server of somebody else’s making allows it: the chain is lost',
    async (version) => {
      const audit = new MemoryAudit()
      const verifier = await openVerifier({ authorities: ssl.certificates })
      const issuer = await openIssuer({
        issuer: 'https://localhost/vo',
        storage: { memory: true },
        audit,
        x509: { verifier, rules, audiences: ['https://se.example.org'] },
      })
      onTestFinished(() => issuer.close())
      const app = issuer.buildServer({
        https: {
          cert: readFileSync(server.certificate),
          key: readFileSync(server.key),
          requestCert: true,
          rejectUnauthorized: false,
        },
      } as object)
      await app.listen({ host: '127.0.0.1', port: 0 })
      const { port: other } = app.server.address() as AddressInfo
      const proxy = ssl.proxy(ana)
      const first = await visit(other, version, proxy)
      expect(first.status).toBe(200)
      const second = await visit(other, version, proxy, first.session)
      expect(second).toMatchObject({ status: 401, resumed: true, body: { error: 'invalid_client' } })
      expect(audit.events.at(-1)?.detail).toMatch(/^session_resumed: /)
    },
  )
})

test.each([
  ['listen: { socket: /x.sock, port: 1 }', /:3: listen\.socket: goes without host, port and tls/],
  ['x509: { rules: x, authorities: x }', /:3: x509: certificates come with TLS/],
  ['x509: { rules: x, frontEnd: { unixSocket: true, dnHeader: x } }', /:3: x509: frontEnd\.unixSocket believes nobody/],
])('a contradiction stops the start before anything listens: %s', async (line, message) => {
  const path = join(ssl.directory, 'contradiction.yaml')
  writeFileSync(path, `issuer: https://localhost/vo\nstorage: { file: ":memory:" }\n${line}\n`)
  await expect(serveIssuer(path, { env: {}, logger: log })).rejects.toThrow(message)
})

test('a client known by its subject needs an authority: without clientCa those of the system would vouch', async () => {
  const path = join(ssl.directory, 'subject.yaml')
  writeFileSync(
    path,
    `issuer: https://localhost/vo
storage: { file: ":memory:" }
listen: { tls: { certificate: ${server.certificate}, key: ${server.key} } }
x509: { rules: ${rules}, authorities: ${ssl.certificates} }
clients: [{ clientId: a, certificates: [{ subject: CN=a }] }]
`,
  )
  const message = /:5: clients\[0\]\.certificates\[0\]: no authority vouches for a subject here/
  await expect(serveIssuer(path, { env: {}, logger: log })).rejects.toThrow(message)
  await expect(checkIssuerConfig(path, { env: {}, logger: log })).rejects.toThrow(message)
})
