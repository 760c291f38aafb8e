import { createTestClock, createTestIssuer } from '@scitokens/core/testing'
import { KeySet, SigningKey, verifyToken } from '@scitokens/core'
import { request } from 'node:http'
import { describe, expect, onTestFinished, test } from 'vitest'
import { openDemo } from '../src/index.ts'
import { claimsOf, DEMO, headerOf, startDemo } from './demo-server.ts'

const now = (): number => Math.floor(Date.now() / 1000)

describe('GET /issue', () => {
  test('gives a bare RS256 token with the claims of old and nothing else, which lives 600 s', async () => {
    const demo = await startDemo()
    const answer = await demo.get('/issue')
    expect(answer.status).toBe(200)
    expect(answer.headers.get('content-type')).toMatch(/^text\/plain/)
    const token = await answer.text()
    expect(headerOf(token)).toEqual({ alg: 'RS256', typ: 'JWT', kid: 'key-rs256' })
    const claims = claimsOf(token)
    expect(Object.keys(claims).toSorted()).toEqual(['aud', 'exp', 'iat', 'iss', 'jti', 'nbf', 'ver'])
    expect(claims).toMatchObject({ ver: 'scitoken:2.0', aud: DEMO, iss: DEMO })
    expect(claims['jti']).toMatch(/^[0-9a-f-]{36}$/)
    expect(Math.abs((claims['exp'] as number) - now() - 600)).toBeLessThan(60)
  })

  test('the token is verified with what /oauth2/certs publishes', async () => {
    const demo = await startDemo()
    const keys = await KeySet.fromJwks(await (await demo.get('/oauth2/certs')).json())
    const verified = await verifyToken(await (await demo.get('/issue')).text(), { keys: { getKeySet: () => keys } })
    expect(verified.issuer).toBe(DEMO)
  })
})

describe('POST /issue', () => {
  test('signs the payload with ES256 when asked, whatever the Content-Type, and without one', async () => {
    const demo = await startDemo()
    for (const headers of [{}, { 'content-type': 'text/nonsense' }, { 'content-type': 'application/json' }]) {
      // oxlint-disable-next-line no-await-in-loop -- three small requests
      const answer = await demo.post(
        '/issue',
        { payload: { scope: 'read:/x', sub: 'ana' }, algorithm: 'ES256' },
        headers,
      )
      expect(answer.status).toBe(200)
      // oxlint-disable-next-line no-await-in-loop -- as above
      const token = await answer.text()
      expect(headerOf(token)).toEqual({ alg: 'ES256', typ: 'JWT', kid: 'key-es256' })
      expect(claimsOf(token)).toMatchObject({ scope: 'read:/x', sub: 'ana', ver: 'scitoken:2.0', aud: DEMO, iss: DEMO })
    }
  })

  test('another algorithm falls back to RS256, and a header is ignored', async () => {
    const demo = await startDemo()
    const body = { payload: {}, algorithm: 'HS256', header: { kid: 'mine', alg: 'none' } }
    expect(headerOf(await (await demo.post('/issue', body)).text())).toMatchObject({ alg: 'RS256', kid: 'key-rs256' })
  })

  test('issuer and times are the server’s own; jti, aud and ver are kept', async () => {
    const demo = await startDemo()
    const payload = {
      iss: 'https://evil.example',
      iat: 1,
      nbf: 1,
      exp: 1,
      jti: 'mine',
      aud: 'https://se',
      ver: 'scitoken:1.0',
    }
    const claims = claimsOf(await (await demo.post('/issue', { payload })).text())
    expect(claims).toMatchObject({ iss: DEMO, jti: 'mine', aud: 'https://se', ver: 'scitoken:1.0' })
    for (const name of ['iat', 'nbf']) expect(Math.abs((claims[name] as number) - now())).toBeLessThan(60)
    expect(claims['exp']).toBeGreaterThan(now() + 500)
  })

  test('no audience is put into a token of another version', async () => {
    const demo = await startDemo()
    const token = await (await demo.post('/issue', { payload: { ver: 'scitoken:1.0' } })).text()
    expect(claimsOf(token)).not.toHaveProperty('aud')
  })

  test.each([
    ['less than 600 s ahead becomes 600 s', 60, 600],
    ['further ahead is kept', 3600, 3600],
    ['after the longest life is brought back to it', 999_999_999, 86_400],
    ['as text is not understood', '5000', 600],
  ])('an exp %s', async (_, ahead, expected) => {
    const clock = createTestClock(1_800_000_000)
    const demo = await startDemo({ clock })
    const exp = typeof ahead === 'number' ? 1_800_000_000 + ahead : ahead
    const claims = claimsOf(await (await demo.post('/issue', { payload: { exp } })).text())
    expect(claims['exp']).toBe(1_800_000_000 + expected)
  })

  test.each([
    ['scitoken:1.0', { ver: 'scitoken:1.0' }, 'JWT'],
    ['scitoken:2.0', { ver: 'scitoken:2.0', aud: DEMO }, 'JWT'],
    ['wlcg:1.x', { 'wlcg.ver': '1.0', aud: DEMO }, 'JWT'],
    ['at+jwt', { aud: DEMO }, 'at+jwt'],
  ])('the profile %s can be asked for', async (profile, expected, typ) => {
    const demo = await startDemo()
    const token = await (await demo.post('/issue', { payload: { ver: 'x', 'wlcg.ver': 'y' }, profile })).text()
    const { iss: _i, iat: _a, nbf: _n, exp: _e, jti: _j, ...rest } = claimsOf(token)
    expect(rest).toEqual(expected)
    expect(headerOf(token)['typ']).toBe(typ)
  })

  test('with a cwk it gives the base of a chain, which nobody accepts by itself', async () => {
    const demo = await startDemo()
    const { publicJwk } = await SigningKey.generate('ES256')
    const answer = await demo.post('/issue', {
      payload: { scope: 'read:/protected' },
      algorithm: 'ES256',
      cwk: publicJwk,
    })
    const token = await answer.text()
    expect(headerOf(token)).toMatchObject({ typ: 'scitoken-chain+jwt', crit: ['cwk'] })
    const verdict = (await (await demo.post('/verify', { token })).json()) as object
    expect(verdict).toMatchObject({ Success: false, code: 'parent_not_accepted' })
  })

  test.each([
    ['no JSON', 'payload=1'],
    ['nothing', ''],
    ['a list', '[]'],
    ['null', 'null'],
    ['a payload that is text', '{"payload":"x"}'],
    ['a payload that is null', '{"payload":null}'],
    ['a payload nested without end', `{"payload":${'{"a":'.repeat(500)}1${'}'.repeat(500)}}`],
    ['an unknown profile', '{"profile":"scitoken:9"}'],
    ['a cwk that is no key', '{"payload":{"scope":"read:/"},"cwk":{"kty":"EC"}}'],
    [
      'the private half as cwk',
      JSON.stringify({ payload: { scope: 'read:/' }, cwk: { kty: 'EC', crv: 'P-256', d: 'x' } }),
    ],
    ['a chain without scope', '{"cwk":{"kty":"EC","crv":"P-256","x":"AA","y":"AA"}}'],
  ])('%s is answered 400, in words', async (_, body) => {
    const demo = await startDemo()
    const answer = await demo.post('/issue', body)
    expect(answer.status).toBe(400)
    expect(answer.headers.get('content-type')).toMatch(/^text\/plain/)
    expect(await answer.text()).toMatch(/\w/)
  })

  test('a body over the bound is answered 413', async () => {
    const demo = await startDemo()
    expect((await demo.post('/issue', { payload: { x: 'x'.repeat(20_000) } })).status).toBe(413)
  })

  test('members of the payload cannot change objects of the server', async () => {
    const demo = await startDemo()
    const token = await (await demo.post('/issue', '{"payload":{"__proto__":{"scope":"read:/"}}}')).text()
    expect(Object.hasOwn(claimsOf(token), 'scope')).toBe(false)
    expect(({} as { scope?: string }).scope).toBeUndefined()
  })
})

describe('POST /verify', () => {
  test('says of its own tokens that they are good', async () => {
    const demo = await startDemo()
    const token = await (await demo.post('/issue', { payload: { scope: 'read:/x' } })).text()
    const answer = await demo.post('/verify', { token })
    expect([answer.status, await answer.json()]).toEqual([200, { Success: true, Error: 'Signature Verified' }])
  })

  test('a changed token and one for somebody else are not, with the reason', async () => {
    const demo = await startDemo()
    const [header, claims] = (await (await demo.get('/issue')).text()).split('.')
    const forged = (await (await demo.post('/verify', { token: `${header}.${claims}.AAAA` })).json()) as object
    expect(forged).toMatchObject({ Success: false, code: 'bad_signature', Error: expect.stringMatching(/signature/) })
    const other = await (
      await demo.post('/issue', { payload: { aud: 'https://other.example', scope: 'read:/' } })
    ).text()
    const verdict = (await (await demo.post('/verify', { token: other })).json()) as object
    expect(verdict).toMatchObject({ Success: false, code: 'aud_mismatch' })
  })

  test.each(['', 'x', '{}', '[]', '{"token":5}', 'null'])(
    'the body %j is answered 400 in the form of old',
    async (body) => {
      const demo = await startDemo()
      const answer = await demo.post('/verify', body)
      expect([answer.status, await answer.json()]).toEqual([400, { Success: false, Error: 'Invalid request' }])
    },
  )

  test('judges tokens of the configured issuers elsewhere, and of no others', async () => {
    const elsewhere = await createTestIssuer({ issuer: 'https://vo.example' })
    const stranger = await createTestIssuer({ issuer: 'https://other.example' })
    const demo = await startDemo({ trustedIssuers: ['https://vo.example'], foreignKeys: elsewhere.keys })
    const verdictOn = async (token: string): Promise<unknown> => (await demo.post('/verify', { token })).json()
    const claims = { aud: 'https://any.example', scope: 'read:/' }
    expect(await verdictOn(await elsewhere.sign(claims))).toMatchObject({ Success: true })
    expect(await verdictOn(await stranger.sign(claims))).toMatchObject({ Success: false, code: 'untrusted_issuer' })
  })

  test('keys that cannot be had are no verdict: 503 with Retry-After', async () => {
    const elsewhere = await createTestIssuer({ issuer: 'https://127.0.0.1:1' })
    const demo = await startDemo({ trustedIssuers: ['https://127.0.0.1:1'] })
    const answer = await demo.post('/verify', {
      token: await elsewhere.sign({ aud: 'https://x.example', scope: 'read:/' }),
    })
    expect(answer.status).toBe(503)
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0)
    expect(await answer.json()).toMatchObject({ Success: false, family: 'undecided' })
  })
})

describe('keys and metadata', () => {
  test('the JWKS has both keys, the curve of the one named, nothing padded and nothing private', async () => {
    const demo = await startDemo()
    const answer = await demo.get('/oauth2/certs')
    expect(answer.headers.get('content-type')).toBe('application/json')
    const { keys } = (await answer.json()) as { keys: Record<string, string>[] }
    expect(keys.map(({ kid, alg, kty, crv, use }) => ({ kid, alg, kty, crv, use }))).toEqual([
      { kid: 'key-es256', alg: 'ES256', kty: 'EC', crv: 'P-256', use: 'sig' },
      { kid: 'key-rs256', alg: 'RS256', kty: 'RSA', crv: undefined, use: 'sig' },
    ])
    const text = JSON.stringify(keys)
    expect(text).not.toContain('=')
    expect(text).not.toMatch(/"(d|p|q|dp|dq|qi)":/)
  })

  test('both metadata documents are the same, and name only endpoints and grants that there are', async () => {
    const demo = await startDemo()
    const documents = await Promise.all(
      ['/.well-known/openid-configuration', '/.well-known/oauth-authorization-server'].map(async (path) => {
        const answer = await demo.get(path)
        expect(answer.headers.get('content-type')).toBe('application/json')
        return (await answer.json()) as Record<string, unknown>
      }),
    )
    const [metadata, other] = documents as [Record<string, unknown>, Record<string, unknown>]
    expect(metadata).toEqual(other)
    expect(metadata['issuer']).toBe(DEMO)
    expect(metadata).not.toHaveProperty('authorization_endpoint')
    for (const name of ['token', 'device_authorization', 'registration']) {
      const url = metadata[`${name}_endpoint`] as string
      // oxlint-disable-next-line no-await-in-loop -- three small requests
      expect((await demo.form(url.replace(DEMO, ''), { grant_type: 'client_credentials' })).status).toBeLessThan(300)
    }
    for (const grant of metadata['grant_types_supported'] as string[]) {
      // oxlint-disable-next-line no-await-in-loop -- three small requests
      const answer = (await (await demo.form('/oauth2/token', { grant_type: grant })).json()) as { error?: string }
      expect(answer.error).not.toBe('unsupported_grant_type')
    }
  })
})

describe('the OAuth endpoints', () => {
  test('registration makes everybody the same client, whatever is sent', async () => {
    const demo = await startDemo()
    for (const body of ['{"scope":"read:/a"}', 'nonsense', '{"scope":5}']) {
      // oxlint-disable-next-line no-await-in-loop -- three small requests
      const answer = await demo.post('/oauth2/oidc-cm', body)
      expect(answer.status).toBe(201)
      // oxlint-disable-next-line no-await-in-loop -- as above
      const client = (await answer.json()) as Record<string, string>
      expect(client['client_id']).toBe('test-client')
      expect(client['scope']).toBe(body.includes('/a') ? 'read:/a' : 'read:/')
    }
  })

  test('a device gets the codes of old, and where to go under both names', async () => {
    const demo = await startDemo()
    const answer = await demo.form('/oauth2/device_authorization', { client_id: 'test-client' })
    expect(await answer.json()).toEqual({
      user_code: 'SCITOKENS',
      device_code: '00000000-0000-0000-0000-000000000000',
      verification_uri: `${DEMO}/device-code`,
      verification_url: `${DEMO}/device-code`,
      verification_uri_complete: `${DEMO}/device-code?user_code=SCITOKENS`,
      expires_in: 3600,
      interval: 5,
    })
    const submitted = await demo.form('/submit-code', { user_code: 'SCITOKENS' })
    expect([submitted.status, submitted.headers.get('location')]).toEqual([302, '/'])
  })

  test('no cache keeps what it signs, or what it says of a token', async () => {
    const demo = await startDemo()
    const answers = await Promise.all([
      demo.get('/issue'),
      demo.post('/issue', { payload: {} }),
      demo.post('/issue', 'no JSON'),
      demo.post('/verify', { token: 'a.b.c' }),
      demo.get('/samples/traversal'),
      demo.get('/protected'),
      demo.form('/oauth2/token', { grant_type: 'client_credentials' }),
      demo.form('/oauth2/token', { grant_type: 'nonsense' }),
      demo.form('/oauth2/device_authorization', {}),
      demo.post('/oauth2/oidc-cm', {}),
    ])
    for (const answer of answers) expect(answer.headers.get('cache-control'), answer.url).toBe('no-store')
  })

  test('the token endpoint gives an ES256 token that lives as long as it says', async () => {
    const demo = await startDemo()
    const grant_type = 'urn:ietf:params:oauth:grant-type:device_code'
    const answer = await demo.form('/oauth2/token', { grant_type, device_code: 'my-device' })
    expect(answer.headers.get('cache-control')).toBe('no-store')
    const body = (await answer.json()) as { access_token: string; expires_in: number; token_type: string }
    expect(body).toMatchObject({ token_type: 'Bearer', scope: 'read:/protected', expires_in: 600 })
    expect(headerOf(body.access_token)).toMatchObject({ alg: 'ES256' })
    const claims = claimsOf(body.access_token)
    expect(claims).toMatchObject({ scope: 'read:/protected', sub: 'my-device', aud: DEMO })
    expect(Math.abs((claims['exp'] as number) - now() - body.expires_in)).toBeLessThan(60)
  })

  async function refreshToken(demo: Awaited<ReturnType<typeof startDemo>>): Promise<string> {
    const fields = { grant_type: 'client_credentials', scope: 'read:/store' }
    return ((await (await demo.form('/oauth2/token', fields)).json()) as { refresh_token: string }).refresh_token
  }

  test('a refresh may narrow, and says what it got', async () => {
    const demo = await startDemo()
    const refresh_token = await refreshToken(demo)
    const answer = await demo.form('/oauth2/token', {
      grant_type: 'refresh_token',
      refresh_token,
      scope: 'read:/store/a',
    })
    const body = (await answer.json()) as { access_token: string; scope: string; refresh_token: string }
    expect(body.scope).toBe('read:/store/a')
    expect(claimsOf(body.access_token)).toMatchObject({ scope: 'read:/store/a', aud: DEMO })
    // It does not live on for ever: the end is that of the first.
    expect(claimsOf(body.refresh_token)['exp']).toBe(claimsOf(refresh_token)['exp'])
  })

  test.each([
    ['scope', { scope: 'read:/' }, 'invalid_scope'],
    ['operation', { scope: 'write:/store' }, 'invalid_scope'],
    ['neighbour', { scope: 'read:/storeroom' }, 'invalid_scope'],
    ['audience', { audience: 'https://other.example' }, 'invalid_target'],
  ])('a refresh cannot widen: %s', async (_, wish, error) => {
    const demo = await startDemo()
    const refresh_token = await refreshToken(demo)
    const answer = await demo.form('/oauth2/token', { grant_type: 'refresh_token', refresh_token, ...wish })
    expect([answer.status, ((await answer.json()) as { error: string }).error]).toEqual([400, error])
  })

  test('a refresh cannot widen what an earlier refresh had narrowed', async () => {
    const demo = await startDemo()
    const first = { grant_type: 'refresh_token', refresh_token: await refreshToken(demo), scope: 'read:/store/a' }
    const { refresh_token } = (await (await demo.form('/oauth2/token', first)).json()) as { refresh_token: string }
    const again = await demo.form('/oauth2/token', { grant_type: 'refresh_token', refresh_token, scope: 'read:/store' })
    expect(((await again.json()) as { error: string }).error).toBe('invalid_scope')
  })

  test.each([
    ['no grant', {}, 'invalid_request'],
    ['an unknown grant', { grant_type: 'password' }, 'unsupported_grant_type'],
    ['no refresh token', { grant_type: 'refresh_token' }, 'invalid_request'],
    ['a refresh token that is none', { grant_type: 'refresh_token', refresh_token: 'x.y.z' }, 'invalid_grant'],
    ['a malformed scope', { grant_type: 'client_credentials', scope: 'read:/../x' }, 'invalid_scope'],
  ])('%s is a clear error, never 500', async (_, fields, error) => {
    const demo = await startDemo()
    const answer = await demo.form('/oauth2/token', fields)
    expect([answer.status, ((await answer.json()) as { error: string }).error]).toEqual([400, error])
  })

  test('an access token is no refresh token, and a refresh token opens nothing', async () => {
    const demo = await startDemo()
    const { access_token, refresh_token } = (await (
      await demo.form('/oauth2/token', { grant_type: 'client_credentials' })
    ).json()) as Record<string, string>
    const answer = await demo.form('/oauth2/token', { grant_type: 'refresh_token', refresh_token: access_token! })
    expect(((await answer.json()) as { error: string }).error).toBe('invalid_grant')
    expect((await demo.get('/protected', { authorization: `Bearer ${refresh_token}` })).status).toBe(401)
  })
})

describe('/protected and /secret', () => {
  const tokenFor = async (demo: Awaited<ReturnType<typeof startDemo>>, scope: string): Promise<string> =>
    (await demo.post('/issue', { payload: { scope } })).text()

  test.each(['/protected', '/secret'])('%s opens to a token with its scope', async (path) => {
    const demo = await startDemo()
    const authorization = `Bearer ${await tokenFor(demo, `read:${path}`)}`
    const answer = await demo.get(path, { authorization })
    expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'text/plain; charset=utf-8'])
  })

  test('another scope: 403, a text that begins as of old, and the scope that is needed', async () => {
    const demo = await startDemo()
    const answer = await demo.get('/secret', { authorization: `Bearer ${await tokenFor(demo, 'read:/protected')}` })
    expect(answer.status).toBe(403)
    expect(await answer.text()).toMatch(/^Validation incorrect:/)
    expect(answer.headers.get('www-authenticate')).toBe('Bearer error="insufficient_scope", scope="read:/secret"')
  })

  test('no token, a broken header, a bad token: 401 with a challenge', async () => {
    const demo = await startDemo()
    for (const headers of [{}, { authorization: 'Bearer' }, { authorization: 'Basic eHg6eXk=' }]) {
      // oxlint-disable-next-line no-await-in-loop -- three small requests
      const answer = await demo.get('/protected', headers)
      expect([answer.status, answer.headers.get('www-authenticate')]).toEqual([401, 'Bearer'])
    }
    const bad = await demo.get('/protected', { authorization: 'Bearer x.y.z' })
    expect([bad.status, bad.headers.get('www-authenticate')]).toEqual([401, 'Bearer error="invalid_token"'])
  })
})

describe('samples', () => {
  test('every sample of the list is what it says: /protected and /verify never take a broken one', async () => {
    const demo = await startDemo()
    const { samples } = (await (await demo.get('/samples')).json()) as {
      samples: { name: string; url: string; expected: { allowed: boolean; code?: string } }[]
    }
    expect(samples.length).toBeGreaterThan(20)
    await Promise.all(
      samples.map(async ({ name, url, expected }) => {
        expect(url).toBe(`${DEMO}/samples/${name}`)
        const token = await (await demo.get(`/samples/${name}`)).text()
        const verdict = (await (await demo.post('/verify', { token })).json()) as { Success: boolean; code?: string }
        const isAcceptable = expected.allowed || expected.code === 'scope_denied'
        expect(verdict.Success, name).toBe(isAcceptable)
        if (!isAcceptable) expect(verdict.code, name).toBe(expected.code)
        expect((await demo.get('/protected', { authorization: `Bearer ${token}` })).status).toBeGreaterThan(400)
      }),
    )
  })

  test('they come in RS256 too, and an unknown one is 404', async () => {
    const demo = await startDemo()
    expect(headerOf(await (await demo.get('/samples/expired?algorithm=RS256')).text())['alg']).toBe('RS256')
    expect((await demo.get('/samples/nothing')).status).toBe(404)
  })
})

describe('bounds', () => {
  test('an address that asks too often is answered 429 with Retry-After; keys and metadata stay', async () => {
    const demo = await startDemo({ perAddress: 3 })
    const statuses: number[] = []
    for (let i = 0; i < 4; i++) {
      // oxlint-disable-next-line no-await-in-loop -- counted one after the other
      statuses.push((await demo.get('/issue')).status)
    }
    expect(statuses).toEqual([200, 200, 200, 429])
    const refused = await demo.post('/verify', {})
    expect([refused.status, Number(refused.headers.get('retry-after')) > 0]).toEqual([429, true])
    expect((await demo.get('/oauth2/certs')).status).toBe(200)
    expect((await demo.get('/.well-known/openid-configuration')).status).toBe(200)
  })

  test('an IPv6 network is counted as one address, however many it has, and so is an IPv4 address in IPv6 clothes', async () => {
    const demo = await openDemo({ issuer: 'https://demo.example', perAddress: 2 })
    onTestFinished(() => demo.close())
    const server = demo.buildServer({ trustProxy: true })
    const from = async (address: string): Promise<number> => {
      const headers = { 'x-forwarded-for': address }
      return (await server.inject({ url: '/issue', headers })).statusCode
    }
    const addresses = ['2001:db8:1:2::1', '2001:db8:1:2:3::9', '2001:db8:1:2:ffff::', '2001:db8:1:3::1']
    const mapped = ['192.0.2.7', '::ffff:192.0.2.7', '192.0.2.7', '192.0.2.8']
    for (const [asked, answers] of [addresses, mapped].map((list) => [list, [200, 200, 429, 200]] as const)) {
      // oxlint-disable-next-line no-await-in-loop -- counted one after the other
      for (const [index, address] of asked.entries())
        expect([address, await from(address)]).toEqual([address, answers[index]])
    }
  })

  test('pages of other origins may ask, preflight included', async () => {
    const demo = await startDemo()
    const preflight = await fetch(`${demo.address}/protected`, { method: 'OPTIONS' })
    expect(preflight.status).toBe(204)
    expect(preflight.headers.get('access-control-allow-headers')).toContain('authorization')
    const refused = await demo.post('/issue', 'x')
    expect(refused.headers.get('access-control-allow-origin')).toBe('*')
    expect(refused.headers.get('access-control-allow-credentials')).toBeNull()
  })

  test('below a path of its own everything is there', async () => {
    const issuer = 'https://vo.example/tokens'
    const demo = await startDemo({ issuer })
    expect(claimsOf(await (await demo.get('/tokens/issue')).text())['iss']).toBe(issuer)
    expect((await (await demo.get('/.well-known/oauth-authorization-server/tokens')).json()) as object).toMatchObject({
      issuer,
    })
    expect((await demo.get('/tokens')).headers.get('location')).toBe('/tokens/')
    expect((await demo.get('/tokens/')).headers.get('content-type')).toMatch(/^text\/html/)
    expect((await demo.get('/issue')).status).toBe(404)
  })

  test('beside an issuer in earnest it answers its own host only', async () => {
    const demo = await openDemo({ issuer: DEMO })
    const { buildServer } = await import('@scitokens/issuer/internal')
    const server = buildServer(demo.hostPlugin)
    const address = await server.listen({ host: '127.0.0.1', port: 0 })
    const statusFor = (host: string): Promise<number | undefined> =>
      new Promise((resolve, reject) => {
        const asking = request(`${address}/issue`, { headers: { host } }, (answer) => {
          answer.resume()
          resolve(answer.statusCode)
        })
        asking.on('error', reject).end()
      })
    expect([await statusFor('demo.example'), await statusFor('vo.example')]).toEqual([200, 404])
    await server.close()
    await demo.close()
  })
})

test('an option that nobody knows is refused, with the nearest known one', async () => {
  const options = { issuer: 'https://demo.example', perAdress: 5 }
  await expect(openDemo(options)).rejects.toThrow('there is no option "perAdress": did you mean perAddress?')
})
