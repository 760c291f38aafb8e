import { readFile } from 'node:fs/promises'
import { inspect } from 'node:util'
import { describe, expect, onTestFinished, test } from 'vitest'
import { openIssuer, MemoryAudit } from '@scitokens/issuer'
import { openDemo } from '@scitokens/token-generator'
import { askToken, SECRET, serve, TestLog } from './served.ts'

// What this issuer tells nobody: a live token, wherever in a request somebody puts it. The log says all that it can, and audit,
// metrics and health are read too.
const CONFIG = `
logLevel: debug
login: { development: true }
registration: {}
rateLimit: { perAddress: 1000000, perClient: 1000000, perUser: 1000000 }
clients:
  - clientId: robot
    clientSecret: { env: ROBOT_SECRET }
    scopes: ['read:/store']
    audiences: ['https://storage.example']
    grants: [client_credentials, 'urn:ietf:params:oauth:grant-type:token-exchange', 'urn:ietf:params:oauth:grant-type:jwt-bearer']
`

const words = (text: string): string[] => text.trim().split(/\s+/)

/** Members of forms and queries of all endpoints, and one that none knows. */
const PARAMETERS = words(`
  grant_type client_id client_secret scope audience resource code code_verifier
  redirect_uri refresh_token device_code user_code assertion client_assertion client_assertion_type username
  subject_token subject_token_type actor_token requested_token_type token token_type_hint state response_type
  code_challenge nonce prompt id_token_hint request request_uri login_hint x
`)

const HEADERS = words(`
  authorization cookie user-agent origin referer accept dpop x-forwarded-for
  forwarded x-remote-user x-request-id if-none-match content-type x-ssl-client-cert
`)

const GRANTS = words(`
  client_credentials
  refresh_token
  authorization_code
  password
  urn:ietf:params:oauth:grant-type:token-exchange
  urn:ietf:params:oauth:grant-type:device_code
  urn:ietf:params:oauth:grant-type:jwt-bearer
`)

interface Request {
  readonly path: string
  readonly init: RequestInit
}

/** Requests to a path that hold this text: in the path, query, headers, cookies, forms, JSON and plain bodies. */
function requestsWith(path: string, text: string, credentials: Record<string, string> = {}): Request[] {
  const quoted = encodeURIComponent(text)
  const form = (fields: Record<string, string>): RequestInit => ({
    method: 'POST',
    body: new URLSearchParams(fields),
    headers: credentials,
  })
  const body = (type: string, content: string): RequestInit => ({
    method: 'POST',
    body: content,
    headers: { ...credentials, 'content-type': type },
  })
  const get = { method: 'GET' }
  return [
    { path: `${path}/${text}`, init: get },
    { path: `${path}/${quoted}`, init: { method: 'DELETE' } },
    { path: `${path}?${quoted}`, init: get },
    ...PARAMETERS.map((name) => ({ path: `${path}?${name}=${quoted}`, init: get })),
    ...HEADERS.flatMap((name) => [
      { path, init: { method: 'GET', headers: { [name]: text } } },
      {
        path,
        init: { method: 'POST', body: 'x=1', headers: { [name]: name === 'authorization' ? `Basic ${text}` : text } },
      },
    ]),
    { path, init: { method: 'GET', headers: { authorization: `Bearer ${text}.x` } } },
    { path, init: { method: 'GET', headers: { authorization: `Basic ${btoa(`${text}:${text}`)}` } } },
    ...PARAMETERS.map((name) => ({ path, init: form({ [name]: text }) })),
    ...GRANTS.flatMap((grant) => [
      { path, init: form({ grant_type: grant, scope: text, audience: text }) },
      {
        path,
        init: form({ grant_type: grant, ...Object.fromEntries(PARAMETERS.slice(1).map((name) => [name, text])) }),
      },
    ]),
    { path, init: form({ [text]: 'x' }) },
    {
      path,
      init: body(
        'application/json',
        JSON.stringify({ redirect_uris: [text], client_name: text, scope: text, [text]: 1 }),
      ),
    },
    { path, init: body('application/json', text) },
    { path, init: body('text/plain', text) },
    { path, init: body('application/x-www-form-urlencoded', `${text}%zz`) },
    {
      path,
      init: body(
        'multipart/form-data; boundary=b',
        `--b\r\ncontent-disposition: form-data; name="scope"\r\n\r\n${text}\r\n--b--`,
      ),
    },
  ]
}

/** Sends them, a few at a time; answers how many got an answer at all. */
async function send(url: string, requests: readonly Request[]): Promise<number> {
  let answered = 0
  const queue = [...requests]
  const worker = async (): Promise<void> => {
    for (let next = queue.shift(); next; next = queue.shift()) {
      // oxlint-disable-next-line no-await-in-loop -- a few at a time
      const response = await fetch(url + next.path, { redirect: 'manual', ...next.init }).catch(() => undefined)
      // oxlint-disable-next-line no-await-in-loop -- as above
      await response?.arrayBuffer().catch(() => {})
      if (response) answered++
    }
  }
  await Promise.all(Array.from({ length: 4 }, worker))
  return answered
}

/** Everything in a value, errors with their causes and stacks, also what is percent-encoded in it. */
function all(value: unknown): string {
  const text =
    typeof value === 'string' ? value : inspect(value, { depth: 20, maxArrayLength: null, maxStringLength: null })
  return text.replaceAll(/%([0-7][\da-f])/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
}

const PATHS = [
  '',
  ...words(`
  /token /authorize /device_authorization /device /login /logout /jwks /userinfo
  /introspect /revoke /register /applications /consent /callback /openapi.json /nowhere
  /.well-known/openid-configuration
`),
]

describe('a live token in any place of a request is told nobody', () => {
  test('by the issuer and its operations server: not in the log, the audit, the metrics or the health', async () => {
    const { served, url, dir, log } = await serve(CONFIG)
    const { access_token: token } = (await (await askToken(url)).json()) as { access_token: string }
    const signature = token.split('.')[2]!
    const basic = { authorization: `Basic ${btoa(`robot:${SECRET}`)}` }
    let answered = 0
    for (const path of PATHS) {
      const requests = [
        ...requestsWith(path, token),
        ...(/^\/(?:token|introspect|revoke)/.test(path) ? requestsWith(path, token, basic) : []),
      ]
      // oxlint-disable-next-line no-await-in-loop -- path by path
      answered += await send(url, requests)
    }
    expect(answered).toBeGreaterThan(1000)
    const operations = served.operationsAddress!
    for (const path of ['/healthz', '/readyz', '/metrics', '/nowhere']) {
      // oxlint-disable-next-line no-await-in-loop -- path by path
      await send(operations, requestsWith(path, token).slice(0, 60))
    }
    const told = {
      log: all(log.lines),
      audit: all(await readFile(`${dir}/audit.jsonl`, 'utf8')),
      metrics: all(await (await fetch(`${operations}/metrics`)).text()),
      health: all(await (await fetch(`${operations}/readyz`)).text()),
    }
    expect(told.audit).toContain('token_refused')
    for (const [place, text] of Object.entries(told)) {
      expect(text.includes(signature), place).toBe(false)
      expect(text.includes(SECRET), place).toBe(false)
    }
    expect(process.title).not.toContain(signature)
  }, 300_000)

  test('by an issuer whose audit goes to its log', async () => {
    const log = new TestLog()
    const issuer = await openIssuer({
      issuer: 'http://127.0.0.1:1/vo',
      dangerouslyAllowLoopbackHttp: true,
      storage: { memory: true },
      logger: log,
      clients: [
        { clientId: 'robot', clientSecret: SECRET, scopes: ['read:/store'], audiences: ['https://se.example'] },
      ],
    })
    onTestFinished(() => issuer.close())
    const url = `${await issuer.listen()}/vo`
    const { access_token: token } = (await (await askToken(url)).json()) as { access_token: string }
    const basic = { authorization: `Basic ${btoa(`robot:${SECRET}`)}` }
    await send(url, requestsWith('/token', token, basic))
    expect(log.lines.length).toBeGreaterThan(5)
    expect(all(log.lines)).not.toContain(token.split('.')[2]!)
  }, 120_000)

  test('by a demonstration', async () => {
    const log = new TestLog()
    const issuer = 'http://127.0.0.1:1'
    const demo = await openDemo({ issuer, dangerouslyAllowLoopbackHttp: true, logger: log })
    onTestFinished(() => demo.close())
    const app = demo.buildServer()
    onTestFinished(() => app.close())
    const url = await app.listen({ host: '127.0.0.1', port: 0 })
    const token = await (
      await fetch(`${url}/issue`, { method: 'POST', body: '{"payload":{"scope":"read:/"},"algorithm":"ES256"}' })
    ).text()
    const signature = token.split('.')[2]!
    expect(signature).toMatch(/^[\w-]{80,}$/)
    for (const path of [
      '/issue',
      '/verify',
      '/protected',
      '/secret',
      '/token',
      '/oauth2/token',
      '/samples',
      '/',
      '/nowhere',
    ]) {
      // oxlint-disable-next-line no-await-in-loop -- path by path
      await send(url, requestsWith(path, token))
    }
    expect(all(log.lines)).not.toContain(signature)
  }, 120_000)
})

test('a sink of an audit never sees a token, whatever a line has it in', async () => {
  const audit = new MemoryAudit()
  const issuer = await openIssuer({
    issuer: 'http://127.0.0.1:1/vo',
    dangerouslyAllowLoopbackHttp: true,
    storage: { memory: true },
    audit,
  })
  onTestFinished(() => issuer.close())
  const token = 'eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJodHRwczovL2EifQ.c2lnbmF0dXJlLXNpZ25hdHVyZQ'
  const event = { time: 1, event: 'token_refused', issuer: 'https://vo.example' } as const
  await issuer.realms[0]!.audit.write({
    ...event,
    detail: `no such scope: ${token}`,
    audience: [token],
    subject: token,
  })
  expect(audit.events.at(-1)).toEqual({
    ...event,
    detail: 'no such scope: [redacted]',
    audience: ['[redacted]'],
    subject: '[redacted]',
  })
})
