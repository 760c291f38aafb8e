// Whatever is sent to whatever endpoint: an answer in the form that its callers read, and never "something went wrong here".
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { basic, type Harness, loginByCode, SECRET, startIssuerForPeople } from '../support/harness.ts'

const FORM = 'application/x-www-form-urlencoded'
const JSON_PATHS = ['/token', '/device_authorization', '/introspect', '/revoke']
const PAGE_PATHS = [
  '/authorize',
  '/authorize/consent',
  '/device',
  '/device/answer',
  '/login',
  '/applications',
  '/logout',
]

async function start(): Promise<{ harness: Harness; send: Send }> {
  const harness = await startIssuerForPeople({ registration: { scopes: ['read:/store'] } })
  const server = harness.issuer.buildServer()
  const send: Send = async (method, path, payload, headers = {}) => {
    const reply = await server.inject({
      method,
      url: `/vo${path}`,
      headers: { 'content-type': FORM, ...basic('app', SECRET), ...headers },
      ...(payload === undefined ? {} : { payload }),
    })
    const type = reply.headers['content-type'] ?? ''
    const body = type.startsWith('application/json') ? reply.json<Record<string, unknown>>() : {}
    return { status: reply.statusCode, type, error: body['error'], description: body['error_description'] }
  }
  return { harness, send }
}

type Send = (
  method: 'GET' | 'POST',
  path: string,
  payload?: string | Buffer,
  headers?: Record<string, string>,
) => Promise<{ status: number; type: string; error: unknown; description: unknown }>

const FAULTS: readonly [string, string | Buffer | undefined, Record<string, string>, number, string][] = [
  ['JSON', '{"grant_type":"client_credentials"}', { 'content-type': 'application/json' }, 400, 'invalid_request'],
  ['XML', '<a/>', { 'content-type': 'text/xml' }, 400, 'invalid_request'],
  ['a content type that is none', 'a=b', { 'content-type': ';;' }, 400, 'invalid_request'],
  ['1 MB', `scope=${'x'.repeat(1_000_000)}`, {}, 413, 'invalid_request'],
  ['nothing', undefined, {}, 400, 'invalid_request'],
]

/** Parameters that each of them knows. */
const KNOWN: Readonly<Record<string, readonly string[]>> = {
  '/token': ['client_id', 'scope', 'grant_type', 'device_code'],
  '/device_authorization': ['client_id', 'scope'],
  '/introspect': ['client_id', 'token'],
  '/revoke': ['client_id', 'token'],
}

describe.each(JSON_PATHS)('%s', (path) => {
  // A device needs to say nothing but who it is.
  test.each(path === '/device_authorization' ? FAULTS.slice(0, -1) : FAULTS)(
    'answers %s in one sentence',
    async (_, payload, headers, status, error) => {
      const { send } = await start()
      const reply = await send('POST', path, payload, headers)
      expect(reply).toMatchObject({ type: 'application/json', error })
      expect(reply.status).toBe(status)
      expect(reply.description).toMatch(/^[ -!#-[\]-~]+$/)
    },
  )

  test('takes nothing twice that it knows and that may come once', async () => {
    const { send } = await start()
    const rest = {
      grant_type: 'urn:ietf:params:oauth:grant-type:device_code',
      device_code: 'x',
      token: 'y',
      client_id: 'app',
      scope: 'read:/store',
    }
    for (const name of KNOWN[path]!) {
      const twice = new URLSearchParams({ ...rest })
      twice.append(name, 'again')
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      const reply = await send('POST', path, twice.toString())
      expect(reply).toMatchObject({ status: 400, error: 'invalid_request' })
      expect(reply.description).toContain(`${name} came more than once`)
    }
  })
})

describe('pages', () => {
  test.each(PAGE_PATHS)('answer faults at %s by a page or an error, and nobody is sent anywhere', async (path) => {
    const { send } = await start()
    // Who is not logged in may log out.
    for (const [, payload, headers, status] of path === '/logout' ? FAULTS.slice(0, -1) : FAULTS) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      expect((await send('POST', path, payload, headers)).status).toBe(status)
    }
  })
})

test('an authorization request with a parameter twice goes back with invalid_request, or nowhere', async () => {
  const { harness } = await start()
  const server = harness.issuer.buildServer()
  const query = new URLSearchParams({ response_type: 'code', client_id: 'app', scope: 'read:/store', state: 's' })
  for (const name of ['scope', 'response_type', 'nonce', 'prompt', 'code_challenge', 'request']) {
    const twice = new URLSearchParams(query)
    twice.append(name, 'a')
    twice.append(name, 'b')
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    const reply = await server.inject(`/vo/authorize?${twice.toString()}`)
    const back = new URL(reply.headers.location ?? 'about:blank')
    expect([name, reply.statusCode, back.searchParams.get('error')]).toEqual([name, 303, 'invalid_request'])
  }
  for (const name of ['client_id', 'redirect_uri', 'state']) {
    const twice = new URLSearchParams(query)
    twice.append(name, 'app')
    twice.append(name, 'b')
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    expect((await server.inject(`/vo/authorize?${twice.toString()}`)).statusCode).toBe(400)
  }
})

describe('registration', () => {
  test.each([
    ['a form', 'client_name=x', FORM, 400],
    ['JSON that is cut off', '{"redirect_uris":', 'application/json', 400],
    ['a list', '[]', 'application/json', 400],
    ['null', 'null', 'application/json', 400],
    ['nothing', '', 'application/json', 400],
    ['100 kB', JSON.stringify({ client_name: 'x'.repeat(100_000) }), 'application/json', 413],
    [
      'names of every object',
      '{"__proto__":{"x":1},"constructor":1,"redirect_uris":["https://a.example/"]}',
      'application/json',
      201,
    ],
  ])('answers %s', async (_, payload, type, status) => {
    const { send } = await start()
    const reply = await send('POST', '/register', payload, { 'content-type': type })
    expect(reply.status).toBe(status)
    if (status !== 201) expect(reply.error).toMatch(/^invalid_/)
  })
})

describe('however it is put together', () => {
  const WORDS = [
    'client_credentials',
    'refresh_token',
    'authorization_code',
    'app',
    'robot',
    SECRET,
    'read:/store',
    'openid',
  ]
  const NAMES = [
    'grant_type code refresh_token device_code scope audience resource client_id client_secret token',
    'user_code page answer continue state redirect_uri response_type prompt max_age code_challenge',
    'code_challenge_method subject_token subject_token_type assertion expires_in cwk',
    'client_assertion client_assertion_type family client error iss __proto__ constructor',
  ].flatMap((line) => line.split(' '))
  const value = fc.oneof(
    fc.constantFrom(...WORDS, 'urn:ietf:params:oauth:grant-type:device_code', 'rt.a.1.b', 'a.b.c', '%', '\u0000', ''),
    fc.string({ unit: 'binary', maxLength: 60 }),
    fc.webUrl(),
  )
  const form = fc
    .array(fc.tuple(fc.constantFrom(...NAMES), value), { maxLength: 8 })
    .map((pairs) => new URLSearchParams(pairs).toString())
  // Also what is no form at all: percent signs without digits, bytes that are no UTF-8.
  const body = fc.oneof(
    { weight: 8, arbitrary: form },
    fc.string({ unit: 'binary' }),
    fc.uint8Array().map((bytes) => Buffer.from(bytes)),
  )
  const paths = fc.constantFrom(...JSON_PATHS, ...PAGE_PATHS, '/userinfo', '/register')

  test('no request is a fault of ours', async () => {
    const { harness, send } = await start()
    const login = await loginByCode(harness, { scope: 'openid read:/store' })
    const token = login.body['access_token'] as string
    await fc.assert(
      fc.asyncProperty(paths, body, fc.boolean(), fc.boolean(), async (path, payload, asQuery, bearer) => {
        const query = asQuery && typeof payload === 'string' ? `?${encodeURI(payload).replaceAll('#', '')}` : ''
        const headers = bearer ? { authorization: `Bearer ${token}` } : {}
        const reply = asQuery
          ? await send('GET', path + query, undefined, headers)
          : await send('POST', path, payload, headers)
        expect(reply.status, `${path} ${String(payload)}`).toBeLessThan(500)
      }),
      { numRuns: 600 },
    )
  })
})
