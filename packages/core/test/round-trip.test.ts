import { expect, test } from 'vitest'
import { findPermission, parseRequestPath, parseScopes, SciToken } from '../src/index.ts'
import { createTestIssuer } from '../src/testing.ts'

test.each(['ES256', 'RS256', 'ES384', 'ES512', 'PS256', 'EdDSA'] as const)(
  'a %s token is signed and verified',
  async (alg) => {
    const issuer = await createTestIssuer({ alg })
    const text = await issuer.sign({ aud: 'https://storage.example', scope: 'read:/store' })
    const token = await SciToken.deserialize(text, { keys: issuer.keys, algorithms: [alg] })
    expect(token.isVerified('sub')).toBe(true)
    expect(token.get('scope')).toBe('read:/store')
    const { scopes } = parseScopes('read:/store')
    const ask = (path: string): boolean =>
      findPermission(scopes, { authz: 'read', path: parseRequestPath(path) }, { profile: token.profile }) !== undefined
    expect(ask('/store/a')).toBe(true)
    expect(ask('/storex')).toBe(false)
  },
)

test('a token is made with a new key and keeps its claims', async () => {
  const token = new SciToken({ claims: { sub: 'ana', aud: 'https://storage.example', scope: 'read:/' } })
  const text = await token.serialize({ issuer: 'https://issuer.example' })
  expect(SciToken.decode(text).getUnverified('sub')).toBe('ana')
})
