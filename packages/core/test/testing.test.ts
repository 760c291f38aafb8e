import { expect, test } from 'vitest'
import { SciToken } from '../src/index.ts'
import { createTestClock, createTestIssuer } from '../src/testing.ts'

test('a test clock stands still until it is moved', () => {
  const clock = createTestClock(100)
  expect(clock()).toBe(100)
  clock.advance(0.5)
  expect(clock()).toBe(100.5)
  clock.set(7)
  expect(clock()).toBe(7)
  expect(Number.isInteger(createTestClock()())).toBe(true)
})

test('a test issuer signs real tokens for real guards, at the time of its clock', async () => {
  const issuer = await createTestIssuer({ issuer: 'https://vo.example', alg: 'ES384', clock: createTestClock(1000) })
  const text = await issuer.sign({ aud: 'x', scope: 'read:/' }, { lifetime: 60, profile: 'wlcg:1.x' })
  const token = await SciToken.deserialize(text, { keys: issuer.keys, algorithms: ['ES384'] })
  expect(token.claims()).toMatchObject({ iss: 'https://vo.example', sub: 'test-user', iat: 995, exp: 1060 })
  expect(token.profile).toBe('wlcg:1.x')
  expect(issuer.jwks.keys).toEqual([issuer.key.publicJwk])
})
