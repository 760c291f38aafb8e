import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { FastifyInstance } from 'fastify'
import { openDemo, type Demo } from '../src/index.ts'
import { DEMO } from './demo-server.ts'

let demo: Demo
let server: FastifyInstance
let token: string

beforeAll(async () => {
  demo = await openDemo({ issuer: DEMO, perAddress: 1_000_000 })
  server = demo.buildServer()
  token = (await server.inject('/issue')).body
})
afterAll(() => demo.close())

const json = fc.json({ maxDepth: 4 })
const wish = fc.record(
  {
    payload: fc.jsonValue({ maxDepth: 3 }),
    algorithm: fc.jsonValue({ maxDepth: 1 }),
    profile: fc.oneof(fc.constantFrom('scitoken:1.0', 'wlcg:1.x', 'at+jwt'), fc.jsonValue({ maxDepth: 1 })),
    cwk: fc.jsonValue({ maxDepth: 2 }),
    token: fc.oneof(fc.string(), fc.jsonValue({ maxDepth: 1 })),
  },
  { requiredKeys: [] },
)
const form = fc
  .dictionary(fc.constantFrom('grant_type', 'refresh_token', 'scope', 'audience', 'device_code'), fc.string())
  .map((fields) => new URLSearchParams(fields).toString())
const body = fc.oneof(
  fc.string(),
  json,
  wish.map((value) => JSON.stringify(value)),
  form,
)
const contentType = fc.oneof(
  fc.constantFrom(
    undefined,
    'application/json',
    'application/x-www-form-urlencoded',
    'text/plain; charset=x',
    'multipart/form-data',
  ),
  fc.stringMatching(/^[!-~ ]{0,30}$/),
)

test('whatever is posted is answered, and never as a fault of the server', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(
        '/issue',
        '/verify',
        '/oauth2/token',
        '/oauth2/oidc-cm',
        '/oauth2/device_authorization',
        '/submit-code',
      ),
      body,
      contentType,
      async (url, payload, type) => {
        const headers = type === undefined ? {} : { 'content-type': type }
        const answer = await server.inject({ method: 'POST', url, payload, headers })
        expect(answer.statusCode, answer.body).toBeLessThan(500)
        expect(answer.headers['content-type'] ?? 'text/plain').not.toContain('html')
      },
    ),
    { numRuns: 400 },
  )
})

test('whatever stands in the header Authorization, nothing but a good token opens anything', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.oneof(fc.stringMatching(/^[!-~ ]{0,60}$/), fc.constantFrom(`Bearer ${token}`, token)),
      async (authorization) => {
        const answer = await server.inject({ url: '/protected', headers: { authorization } })
        expect([401, 403]).toContain(answer.statusCode)
      },
    ),
  )
})

test('a token always lives as long as it says, and never past the longest life', async () => {
  await fc.assert(
    fc.asyncProperty(fc.jsonValue({ maxDepth: 2 }), async (exp) => {
      const answer = await server.inject({
        method: 'POST',
        url: '/issue',
        payload: JSON.stringify({ payload: { exp } }),
      })
      const claims = JSON.parse(Buffer.from(answer.body.split('.')[1]!, 'base64url').toString()) as {
        exp: number
        iat: number
      }
      expect(claims.exp - claims.iat).toBeGreaterThanOrEqual(600)
      expect(claims.exp - claims.iat).toBeLessThanOrEqual(86_405)
    }),
  )
})
