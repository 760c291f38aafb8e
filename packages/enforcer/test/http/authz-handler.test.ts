import { createTestIssuer, type TestIssuer } from '@scitokens/core/testing'
import { beforeAll, expect, test } from 'vitest'
import { Enforcer } from '../../src/index.ts'
import { type AuthzAnswer, createAuthzHandler, createGuard } from '../../src/http/index.ts'

// What the server in front hands on of a request: the rest is in the tests of `scitokens authz-server`, over real HTTP.

let issuer: TestIssuer
let token: string
beforeAll(async () => {
  issuer = await createTestIssuer()
  token = await issuer.sign({ scope: 'read:/ write:/', aud: 'https://data.example' })
})

function ask(method: string, ...fields: readonly (readonly [string, string])[]): Promise<AuthzAnswer> {
  const enforcer = new Enforcer({
    issuers: [issuer.issuer],
    audience: 'https://data.example',
    keys: issuer.keys,
    clock: issuer.clock,
  })
  const handle = createAuthzHandler({ guard: createGuard({ enforcer }), front: 'envoy' })
  return handle({ method, target: '/a', headers: [['Authorization', `Bearer ${token}`], ...fields] })
}

test('a COPY to one place on this server is allowed', async () => {
  const host = ['Host', 'data.example'] as const
  expect(await ask('COPY', host, ['Destination', 'https://data.example/b'])).toMatchObject({ status: 200 })
  expect(await ask('COPY', host, ['Destination', 'https://other.example/b'])).toMatchObject({ status: 400 })
})

test.each([
  ['Destination', '/b', '/c'],
  ['destination', '/b', '/b'],
  ['Overwrite', 'F', 'T'],
  ['Depth', '0', 'infinity'],
  ['Host', 'data.example', 'other.example'],
  ['Authorization', 'Bearer x', 'Bearer y'],
])('a second %s is refused, as one server would read the first and another the last', async (name, one, two) => {
  const others = [['Destination', '/b'] as const].filter(([other]) => other.toLowerCase() !== name.toLowerCase())
  expect(await ask('COPY', ...others, [name, one], [name, two])).toMatchObject({ status: 400 })
})
