import { createServer, type Server } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { createTestIssuer, type TestIssuer } from '@scitokens/core/testing'
import type { SciTokensOptions } from '@scitokens/fastify-plugin'
import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import { type Answer, type RawRequest, send } from './raw-request.ts'

/** A server on a port of 127.0.0.1. */
export interface Running {
  readonly port: number
  close(): Promise<void>
}

/** Options that both guards have. */
export type GuardOptions = Omit<SciTokensOptions, 'handleErrors'>

/**
 * Starts an app whose guard has these options and `handleErrors`:
 *
 * - `GET /data/*` asks for `read` and tells `{ subject, path, write }`: who asks, what was judged, whether `/data/x` may be written
 * - `GET /who` asks for nothing and tells `{ who }`: who asks, or `nobody`
 * - `GET /fixed` asks for `write` on `/x` and tells `secret`
 *
 * Throws for options that make no sense.
 */
export type StartApp = (options: GuardOptions) => Promise<Running>

const AUDIENCE = 'https://data.example'

/** What every guard must do, whatever the framework. */
export function describeGuard(name: string, start: StartApp): void {
  describe(`${name}: the guard`, () => {
    let issuer: TestIssuer
    const open: Running[] = []
    beforeAll(async () => {
      issuer = await createTestIssuer()
    })
    afterEach(() => Promise.all(open.splice(0).map((app) => app.close())))

    type Ask = (path: string, request?: RawRequest) => Promise<Answer>
    const trust = (): GuardOptions => {
      const { issuer: issuers, keys, clock } = issuer
      return { issuers, keys, clock, audience: AUDIENCE }
    }
    const guarded = async (options: GuardOptions = {}): Promise<Ask> => {
      const app = await start({ ...trust(), ...options })
      open.push(app)
      return (path, request) => send(app.port, path, request)
    }
    const tokenFor = (scope: string, aud = AUDIENCE): Promise<string> => issuer.sign({ scope, aud, sub: 'ana' })
    const bearer = (token: string): RawRequest => ({ headers: [['Authorization', `Bearer ${token}`]] })

    it('lets a request pass whose token allows it, and says who asks', async () => {
      const ask = await guarded()
      const reader = bearer(await tokenFor('read:/data'))
      const answer = await ask('/data/x', reader)
      expect(answer.status).toBe(200)
      expect(JSON.parse(answer.body)).toEqual({ subject: 'ana', path: '/data/x', write: false })
      // The second time it is known, and nothing is waited for.
      const again = await ask('/data/y', reader)
      expect(JSON.parse(again.body)).toEqual({ subject: 'ana', path: '/data/y', write: false })
      expect(await ask('/data/x', { ...reader, method: 'HEAD' })).toMatchObject({ status: 200, body: '' })
    })

    it('refuses with the words of RFC 6750 and the scope that would do', async () => {
      const ask = await guarded({ realm: 'data' })
      for (const path of ['/data/x', '/data/x']) {
        // oxlint-disable-next-line no-await-in-loop -- the second time the token is known
        const answer = await ask(path, bearer(await tokenFor('read:/other')))
        expect(answer.status).toBe(403)
        expect(answer.headers['www-authenticate']).toMatch(
          /^Bearer realm="data", error="insufficient_scope", error_description="[^"]+", scope="read:\/data\/x"$/,
        )
        expect(answer.headers['cache-control']).toBe('no-store')
        expect(JSON.parse(answer.body)).toEqual({
          error: 'insufficient_scope',
          error_description: 'The access token does not allow this',
        })
      }
      expect(await ask('/fixed', bearer(await tokenFor('read:/')))).toMatchObject({ status: 403 })
      expect(await ask('/fixed', bearer(await tokenFor('write:/x')))).toMatchObject({ status: 200, body: 'secret' })
    })

    it('asks who does not say who asks, without an error', async () => {
      const ask = await guarded()
      expect(await ask('/data/x')).toMatchObject({ status: 401, headers: { 'www-authenticate': 'Bearer' }, body: '{}' })
      const basic: RawRequest = { headers: [['Authorization', 'Basic YTpi']] }
      expect(await ask('/data/x', basic)).toMatchObject({ status: 401, headers: { 'www-authenticate': 'Bearer' } })
    })

    it('a token for another server, with another signature, or none at all is not acceptable', async () => {
      const ask = await guarded()
      const good = await tokenFor('read:/')
      const forged = `${good.slice(0, -8)}AAAAAAAA`
      for (const token of [await tokenFor('read:/', 'https://other.example'), forged, 'nonsense']) {
        // oxlint-disable-next-line no-await-in-loop -- one after the other
        const answer = await ask('/who', bearer(token))
        expect(answer.status).toBe(401)
        expect(answer.headers['www-authenticate']).toContain('error="invalid_token"')
      }
    })

    it('a token that is bound to a key is not acceptable: no guard checks a proof of it, not even where credentials are optional', async () => {
      const asks = [await guarded(), await guarded({ required: false })]
      for (const cnf of [{ 'x5t#S256': 'x' }, { jkt: 'x' }, {}, null]) {
        // oxlint-disable-next-line no-await-in-loop -- one after the other
        const token = await issuer.sign({ scope: 'read:/ write:/', aud: AUDIENCE, cnf })
        const answers = asks.flatMap((ask) => ['/data/x', '/who', '/fixed'].map((path) => ask(path, bearer(token))))
        // oxlint-disable-next-line no-await-in-loop -- as above
        for (const answer of await Promise.all(answers)) {
          expect(answer.status).toBe(401)
          expect(answer.headers['www-authenticate']).toMatch(
            /^Bearer error="invalid_token", error_description="[^"]+bound to a key/,
          )
        }
      }
    })

    it('does not go by what it remembers once the token has expired', async () => {
      const ask = await guarded()
      const reader = bearer(await tokenFor('read:/data'))
      expect(await ask('/data/x', reader)).toMatchObject({ status: 200 })
      issuer.clock.advance(3600)
      const late = await ask('/data/x', reader)
      expect(late.status).toBe(401)
      expect(late.headers['www-authenticate']).toContain('The access token has expired')
    })

    it('optional credentials may be missing, but not bad, and never answer a question with yes', async () => {
      const ask = await guarded({ required: false })
      expect(JSON.parse((await ask('/who')).body)).toEqual({ who: 'nobody' })
      expect(JSON.parse((await ask('/who', bearer(await tokenFor('read:/x')))).body)).toEqual({ who: 'ana' })
      expect((await ask('/who', bearer('nonsense'))).status).toBe(401)
      expect((await ask('/fixed')).status).toBe(401)
      expect((await ask('/data/x')).status).toBe(401)
    })

    it('sees the second of two Authorization fields, which Node drops', async () => {
      const ask = await guarded()
      const good = `Bearer ${await tokenFor('read:/')}`
      for (const values of [
        [good, good],
        [good, 'Bearer other'],
        ['Bearer other', good],
        [good, 'Basic YTpi'],
      ]) {
        const headers = values.map((value) => ['Authorization', value] as const)
        // oxlint-disable-next-line no-await-in-loop -- one after the other
        expect(await ask('/data/x', { headers })).toMatchObject({ status: 400 })
      }
      const list = { headers: [['Authorization', `${good}, Bearer other`]] } as const
      expect((await ask('/data/x', list)).status).toBeGreaterThanOrEqual(400)
    })

    it('reads a token from the query only where it is told to, and never two', async () => {
      const token = await tokenFor('read:/data')
      const path = `/data/x?authz=Bearer%20${token}`
      expect(await (await guarded())(path)).toMatchObject({ status: 401 })
      const ask = await guarded({ queryParameter: 'authz' })
      expect(await ask(path)).toMatchObject({ status: 200 })
      expect(await ask(`/data/x?authz=${token}`)).toMatchObject({ status: 200 })
      expect(await ask('/data/x', bearer(token))).toMatchObject({ status: 200 })
      expect(await ask(path, bearer(token))).toMatchObject({ status: 400 })
      expect(await ask(`${path}&authz=${token}`)).toMatchObject({ status: 400 })
    })

    it("serves its metadata to everybody, at the resource's own place, and names it in challenges", async () => {
      const ask = await guarded({ resource: 'https://data.example/store', scopesSupported: ['read:/'] })
      const path = '/.well-known/oauth-protected-resource/store'
      const answer = await ask(path)
      expect(answer).toMatchObject({ status: 200, headers: { 'access-control-allow-origin': '*' } })
      expect(answer.headers['content-type']).toMatch(/^application\/json/)
      expect(JSON.parse(answer.body)).toEqual({
        resource: 'https://data.example/store',
        authorization_servers: [issuer.issuer],
        bearer_methods_supported: ['header'],
        scopes_supported: ['read:/'],
      })
      expect(await ask(path, { method: 'HEAD' })).toMatchObject({ status: 200, body: '' })
      expect(await ask(path, { method: 'OPTIONS' })).toMatchObject({ status: 204 })
      const refused = await ask('/data/x', { headers: [['Host', 'evil.example']] })
      expect(refused.headers['www-authenticate']).toBe(`Bearer resource_metadata="https://data.example${path}"`)
    })

    it('while the issuer cannot be reached it says so, never that the token is bad, and recovers by itself', async () => {
      const front = await startFront()
      const remote = await createTestIssuer({ issuer: front.url })
      const { issuer: issuers, clock } = remote
      const { keys: _, ...rest } = trust()
      const keyCache = { store: 'memory' as const }
      const app = await start({ ...rest, issuers, clock, keyCache, dangerouslyAllowLoopbackHttp: true })
      open.push(app)
      const reader = bearer(await remote.sign({ aud: AUDIENCE, scope: 'read:/data', sub: 'ana' }))
      const answer = await send(app.port, '/data/x', reader)
      expect(answer.status).toBe(503)
      const wait = Number(answer.headers['retry-after'])
      expect(wait).toBeGreaterThan(0)
      expect(answer.headers['www-authenticate']).toBeUndefined()
      expect(JSON.parse(answer.body)).toMatchObject({ error: 'temporarily_unavailable' })
      front.publish(remote.jwks)
      clock.advance(wait + 1)
      expect(await send(app.port, '/data/x', reader)).toMatchObject({ status: 200 })
      await front.close()
    })

    it('refuses options that make no sense at once', async () => {
      const { audience, issuers, ...others } = trust()
      const senseless: readonly GuardOptions[] = [
        { ...others, audience: audience! },
        { ...others, issuers: issuers!, audience: 'ANY' },
        { ...others, issuers: 'http://vo.example', audience: audience! },
        ...[
          { revokation: () => true },
          { required: '' },
          { required: 0 },
          { profile: ['scitoken:2.0'] },
          { maxLifetme: 60 },
          { issuers: { 'https://vo.example': { base_path: '/cms' } } },
          { issuers: { 'https://vo.example': { restricted_paths: ['/cms'] } } },
          { issuers: ['https://cms.example', 'https://atlas.example'] },
          { keyCache: {} },
          { prefix: '/data' },
        ].map((slip) => ({ ...trust(), ...slip }) as unknown as GuardOptions),
      ]
      for (const options of senseless) {
        // oxlint-disable-next-line no-await-in-loop -- one after the other
        await expect(start(options)).rejects.toMatchObject({ code: expect.stringMatching(/config_error|insecure_url/) })
      }
    })
  })
}

/** `requireScope` and `requireMethod` of a guard, as plain JavaScript calls them. */
export interface Questions {
  readonly requireScope: (...asked: never) => unknown
  readonly requireMethod: (options: object) => unknown
}

/** What every guard must refuse to ask. All that can be wrong is in the tests of `@scitokens/enforcer/http`. */
export function describeQuestions(name: string, { requireScope, requireMethod }: Questions): void {
  describe(`${name}: what is asked for is judged when the guard is made, not at the first request:`, () => {
    const refused = expect.objectContaining({ code: 'config_error' })

    it.each([
      [''],
      ['read:store'],
      ['read /x'],
      [[]],
      [['read:/x']],
      ['read:/x', '/y'],
      ['read', 'x'],
      ['read', { prefix: '/x' }],
      ['read', undefined, { mountedAt: '/x' }],
      ['read', '/x', { prefix: '/x' }],
    ])('requireScope(%j, %j, %j)', (...asked) => {
      expect(() => requireScope(...(asked as never))).toThrow(refused)
    })

    it.each<object>([{ exist: () => true }, { exists: true }, { prefix: '' }, { hosts: 'data.example' }])(
      'requireMethod(%o)',
      (options) => {
        expect(() => requireMethod(options)).toThrow(refused)
      },
    )
  })
}

interface Front {
  readonly url: string
  publish(jwks: unknown): void
  close(): Promise<void>
}

/** An issuer that answers 503 until it has something to publish. */
async function startFront(): Promise<Front> {
  let jwks: unknown
  const server: Server = createServer((request, response) => {
    if (jwks === undefined) return response.writeHead(503).end()
    const document = request.url === '/jwks' ? jwks : { issuer: url, jwks_uri: `${url}/jwks` }
    return response.setHeader('content-type', 'application/json').end(JSON.stringify(document))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    url,
    publish: (keys) => (jwks = keys),
    close: async () => {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}
