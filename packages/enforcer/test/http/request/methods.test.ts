import { createTestIssuer, type TestIssuer } from '@scitokens/core/testing'
import { beforeAll, expect, test } from 'vitest'
import { Enforcer } from '../../../src/index.ts'
import { createGuard, type Guard, type MethodContext, stepsOf } from '../../../src/http/index.ts'

let issuer: TestIssuer

beforeAll(async () => {
  issuer = await createTestIssuer()
})

const guard = (): Guard =>
  createGuard({
    enforcer: new Enforcer({ issuers: issuer.issuer, keys: issuer.keys, clock: issuer.clock, audience: 'a' }),
  })

type Facts = Omit<MethodContext, 'method' | 'path'>

async function status(scope: string, wlcg: boolean, method: string, path: string, facts: Facts = {}): Promise<number> {
  const token = await issuer.sign({ aud: 'a', scope }, { profile: wlcg ? 'wlcg:1.x' : 'scitoken:2.0' })
  const outcome = await guard().decide({ method, path, headers: { authorization: `Bearer ${token}` } }, facts)
  return outcome.ok ? 200 : outcome.status
}

const there = { exists: true }
const absent = { exists: false }
const to = (destination: string, destinationExists: boolean): Facts => ({ destination, destinationExists })

test.each<[string, string, string, Facts, number]>([
  ['read:/a', 'GET', '/a/f', {}, 200],
  ['read:/a', 'HEAD', '/a/f', {}, 200],
  ['read:/a', 'PROPFIND', '/a/', {}, 200],
  ['read:/a', 'PUT', '/a/f', absent, 403],
  ['read:/a', 'DELETE', '/a/f', {}, 403],
  ['write:/a', 'GET', '/a/f', {}, 403],
  ['write:/a', 'PUT', '/a/f', absent, 200],
  ['write:/a', 'PUT', '/a/f', there, 200],
  ['write:/a', 'PATCH', '/a/f', {}, 200],
  ['write:/a', 'DELETE', '/a/f', {}, 200],
  ['write:/a', 'MKCOL', '/a/d', {}, 200],
  ['write:/a', 'MOVE', '/a/f', to('/a/g', false), 200],
  ['write:/a', 'MOVE', '/a/f', to('/b/g', false), 403],
  ['write:/a', 'MOVE', '/b/f', to('/a/g', true), 403],
  ['read:/a write:/b', 'COPY', '/a/f', to('/b/f', false), 200],
  ['read:/a', 'COPY', '/a/f', to('/b/f', false), 403],
  ['write:/b', 'COPY', '/a/f', to('/b/f', false), 403],
  ['read:/a write:/a', 'POST', '/a/f', {}, 400],
  ['read:/a write:/a', 'get', '/a/f', {}, 400],
  ['read:/a write:/a', 'toString', '/a/f', {}, 400],
  ['read:/a write:/a', 'MOVE', '/a/f', {}, 400],
])('a SciToken with %s: %s %s with %o is answered with %i', async (scope, method, path, facts, expected) => {
  expect(await status(scope, false, method, path, facts)).toBe(expected)
})

test.each<[string, string, string, Facts, number]>([
  ['storage.read:/a', 'GET', '/a/f', {}, 200],
  ['storage.create:/a', 'PUT', '/a/f', absent, 200],
  ['storage.create:/a', 'PUT', '/a/f', there, 403],
  ['storage.create:/a', 'PUT', '/a/f', {}, 403],
  ['storage.create:/a', 'DELETE', '/a/f', {}, 403],
  ['storage.create:/a', 'MKCOL', '/a/d', {}, 200],
  ['storage.create:/a/b', 'MKCOL', '/a', {}, 200],
  ['storage.create:/a', 'MOVE', '/a/f', to('/a/g', false), 200],
  ['storage.create:/a', 'MOVE', '/a/f', to('/a/g', true), 403],
  ['storage.create:/a', 'MOVE', '/a/f', { destination: '/a/g' }, 403],
  ['storage.modify:/a', 'PUT', '/a/f', there, 200],
  ['storage.modify:/a', 'PUT', '/a/f', absent, 200],
  ['storage.modify:/a', 'DELETE', '/a/f', {}, 200],
  ['storage.modify:/a', 'GET', '/a/f', {}, 403],
  ['storage.stage:/a', 'GET', '/a/f', {}, 403],
])('a WLCG token with %s: %s %s with %o is answered with %i', async (scope, method, path, facts, expected) => {
  expect(await status(scope, true, method, path, facts)).toBe(expected)
})

test('the table can be overridden, method by method', async () => {
  const token = await issuer.sign({ aud: 'a', scope: 'storage.stage:/a' }, { profile: 'wlcg:1.x' })
  const tape = createGuard({
    enforcer: new Enforcer({ issuers: issuer.issuer, keys: issuer.keys, clock: issuer.clock, audience: 'a' }),
    methods: { POST: 'stage', GET: 'poll', DELETE: () => [] },
  })
  const ask = (method: string): ReturnType<Guard['decide']> =>
    tape.decide({ method, path: '/a/f', headers: { authorization: `Bearer ${token}` } })
  expect(await ask('POST')).toMatchObject({ ok: true, path: '/a/f' })
  expect(await ask('GET')).toMatchObject({ ok: true })
  expect(await ask('PUT')).toMatchObject({ ok: false, status: 403 })
  expect(await ask('DELETE')).toMatchObject({ ok: true })
})

test('a destination is judged as every path is', async () => {
  for (const destination of ['/a/../b', '/a/%2e%2e/b', '/a%2fb', 'https://elsewhere.example/a', '']) {
    // oxlint-disable-next-line no-await-in-loop -- one at a time is easier to read when it fails
    expect(await status('write:/', false, 'MOVE', '/a/f', to(destination, false))).toBe(400)
  }
})

test('OPTIONS does nothing', () => {
  expect(stepsOf({ method: 'OPTIONS', path: '/a' })).toEqual([])
})
