import { silentLogger } from '@scitokens/core/internal'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { connect, createServer } from 'node:net'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type ServedIssuer, serveIssuer } from '../src/serve.ts'

const SECRET = 'a-generated-secret-of-enough-length'
let dir: string
let served: ServedIssuer | undefined

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'issuer-serve-'))
})
afterEach(async () => {
  await served?.stop()
  served = undefined
  await rm(dir, { recursive: true })
})

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const { port } = probe.address() as { port: number }
  probe.close()
  await once(probe, 'close')
  return port
}

/** Writes a configuration and serves it; returns the issuer's URL. */
async function serve(more = '', listen = ''): Promise<string> {
  const port = await freePort()
  const issuer = `http://127.0.0.1:${port}`
  const path = join(dir, 'issuer.yaml')
  const config = `
issuer: ${issuer}
dangerouslyAllowLoopbackHttp: true
listen: { ${listen} port: ${port} }
operations: { port: 0 }
storage: { file: ${JSON.stringify(join(dir, 'issuer.sqlite'))} }
audit: { file: ${JSON.stringify(join(dir, 'audit.jsonl'))} }
clients:
  - clientId: robot
    clientSecret: { env: ROBOT_SECRET }
    scopes: ['read:/store']
    audiences: ['https://storage.example']
${more}`
  await writeFile(path, config)
  served = await serveIssuer(path, { env: { ROBOT_SECRET: SECRET }, logger: silentLogger })
  return issuer
}

function askToken(issuer: string, secret = SECRET): Promise<Response> {
  return fetch(`${issuer}/token`, {
    method: 'POST',
    headers: { authorization: `Basic ${btoa(`robot:${secret}`)}` },
    body: new URLSearchParams({ grant_type: 'client_credentials', scope: 'read:/store' }),
  })
}

test('an issuer runs from its configuration file, with secrets from the environment', async () => {
  const issuer = await serve()
  const answer = (await (await askToken(issuer)).json()) as { access_token: string; scope: string }
  expect(answer.scope).toBe('read:/store')
  const audit = await readFile(join(dir, 'audit.jsonl'), 'utf8')
  expect(JSON.parse(audit.trim())).toMatchObject({ event: 'token_issued', client: 'robot', scope: 'read:/store' })
  expect(audit).not.toContain(answer.access_token.split('.')[2])
})

test('health, readiness and metrics have an address of their own', async () => {
  const issuer = await serve()
  expect((await fetch(`${issuer}/metrics`)).status).toBe(404)
  await (await askToken(issuer)).text()
  await (await askToken(issuer, 'wrong-wrong-wrong-wrong')).text()
  const operations = served!.operationsAddress!
  expect(await (await fetch(`${operations}/healthz`)).text()).toBe('ok\n')
  expect(await (await fetch(`${operations}/readyz`)).text()).toBe('ready\n')
  const metrics = await (await fetch(`${operations}/metrics`)).text()
  expect(metrics).toContain(
    `scitokens_issuer_events_total{issuer="${issuer}",event="token_issued",grant="client_credentials",error=""} 1`,
  )
  expect(metrics).toMatch(/scitokens_issuer_events_total\{[^}]*event="token_refused"[^}]*error="invalid_client"\} 1/)
  expect(metrics).toContain(`scitokens_issuer_keys{issuer="${issuer}",alg="ES256",state="active"} 1`)
  expect(metrics).toContain('scitokens_issuer_store_up 1')
  expect(metrics).toMatch(
    /scitokens_issuer_request_duration_seconds_count\{method="POST",route="\/token",status="200"\} 1/,
  )
})

test('readiness ends when the database is gone, health does not', async () => {
  await serve()
  await served!.issuer.realms[0]!.store.close()
  const ready = await fetch(`${served!.operationsAddress}/readyz`)
  expect(ready.status).toBe(503)
  expect(await ready.text()).toContain('the database does not answer')
  expect((await fetch(`${served!.operationsAddress}/healthz`)).status).toBe(200)
  expect(await (await fetch(`${served!.operationsAddress}/metrics`)).text()).toContain('scitokens_issuer_store_up 0')
})

test('keys and metadata are served also while the database is gone', async () => {
  const issuer = await serve()
  await served!.issuer.realms[0]!.store.close()
  const jwks = (await (await fetch(`${issuer}/jwks`)).json()) as { keys: unknown[] }
  expect(jwks.keys).toHaveLength(1)
  expect((await fetch(`${issuer}/.well-known/openid-configuration`)).status).toBe(200)
})

test('one client cannot ask for more tokens a minute than its limit, and is told when to come back', async () => {
  const issuer = await serve('rateLimit: { perClient: 3, perAddress: 100 }')
  const answers = []
  for (let request = 0; request < 5; request++) answers.push(await askToken(issuer))
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 429, 429])
  expect(Number(answers[4]!.headers.get('retry-after'))).toBeGreaterThan(0)
  expect(await answers[4]!.json()).toMatchObject({ error: 'temporarily_unavailable' })
  // Verifiers are never kept from the keys.
  expect((await fetch(`${issuer}/jwks`)).status).toBe(200)
})

test('a request that has begun is finished by a graceful stop', async () => {
  const issuer = await serve()
  const { hostname, port } = new URL(issuer)
  const socket = connect(Number(port), hostname)
  await once(socket, 'connect')
  const body = 'grant_type=client_credentials'
  const head = `POST /token HTTP/1.1\r\nHost: ${hostname}:${port}\r\nAuthorization: Basic ${btoa(`robot:${SECRET}`)}\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: ${body.length}\r\n\r\n`
  socket.write(head + body.slice(0, 5))
  // Only what the server has seen can be finished: the other server's answer shows that its event loop has turned.
  await fetch(`${served!.operationsAddress}/healthz`)
  const stopped = served!.stop()
  served = undefined
  socket.write(body.slice(5))
  let answer = ''
  for await (const chunk of socket.setEncoding('utf8')) answer += chunk as string
  expect(answer).toMatch(/^HTTP\/1\.1 200/)
  await stopped
  await expect(fetch(issuer)).rejects.toThrow()
})

test('a stop tells the balancer first, and goes on serving until it has looked elsewhere', async () => {
  const issuer = await serve('', 'drainSeconds: 3,')
  const operations = served!.operationsAddress!
  const stopped = served!.stop()
  served = undefined
  const ready = await fetch(`${operations}/readyz`)
  expect([ready.status, await ready.text()]).toEqual([503, 'stopping\n'])
  expect((await fetch(`${operations}/healthz`)).status).toBe(200)
  expect((await askToken(issuer)).status).toBe(200)
  await stopped
  await expect(fetch(issuer)).rejects.toThrow()
})

test('health tells that a stop has begun, until the last request is answered', async () => {
  const issuer = await serve()
  const { hostname, port } = new URL(issuer)
  const socket = connect(Number(port), hostname)
  await once(socket, 'connect')
  const body = 'grant_type=client_credentials'
  socket.write(
    `POST /token HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: ${body.length}\r\n\r\n`,
  )
  const operations = served!.operationsAddress!
  await fetch(`${operations}/healthz`)
  const stopped = served!.stop()
  served = undefined
  expect((await fetch(`${operations}/readyz`)).status).toBe(503)
  socket.end(body)
  for await (const chunk of socket) expect(String(chunk)).toContain('HTTP/1.1 401')
  await stopped
})

test('a busy port is one sentence, and nothing is left running', async () => {
  const blocker = createServer().listen(0, '127.0.0.1')
  await once(blocker, 'listening')
  const { port } = blocker.address() as { port: number }
  const path = join(dir, 'busy.yaml')
  const file = JSON.stringify(join(dir, 'busy.sqlite'))
  await writeFile(
    path,
    `issuer: http://127.0.0.1:${port}\ndangerouslyAllowLoopbackHttp: true\nlisten: { port: ${port} }\nstorage: { file: ${file} }\n`,
  )
  await expect(serveIssuer(path, { env: {}, logger: silentLogger })).rejects.toThrow(
    `cannot listen on 127.0.0.1, port ${port}: the port is in use`,
  )
  blocker.close()
})
