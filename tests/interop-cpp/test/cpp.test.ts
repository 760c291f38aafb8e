import { needing } from '@scitokens-tests/programs'
import {
  attenuate,
  type JsonObject,
  parseRequestPath,
  findPermission,
  parseScopes,
  SciToken,
  splitKeyedToken,
} from '@scitokens/core'
import { createTestIssuer } from '@scitokens/core/testing'
import { afterAll, expect } from 'vitest'
import { type CppTools, openCppTools } from './cpp-tools.ts'

const { describe, test } = needing('scitokens-create', 'scitokens-test-access', 'scitokens-verify')

const ISSUER = 'https://issuer.example'
const AUDIENCE = 'https://se.example'

describe('scitokens-cpp', async () => {
  const issuer = await createTestIssuer({ issuer: ISSUER })
  const tools: CppTools = await openCppTools(ISSUER, issuer.key)
  afterAll(() => tools.close())
  const claims: JsonObject = { iss: ISSUER, sub: 'ana', aud: AUDIENCE, scope: 'read:/store' }
  const ordinary = await new SciToken({ key: issuer.key, claims }).serialize()
  // The first call puts the issuer's key into the cache.
  const judge = (token: string): { verify: boolean; access: boolean } => ({
    verify: tools.verify(token),
    access: tools.testAccess(token, AUDIENCE, 'read', '/store/run7'),
  })

  test('takes our ordinary token, so that its refusals below mean something', () => {
    expect(judge(ordinary)).toEqual({ verify: true, access: true })
    expect(tools.testAccess(ordinary, AUDIENCE, 'read', '/other')).toBe(false)
    expect(tools.testAccess(ordinary, 'https://other.example', 'read', '/store')).toBe(false)
  })

  test.each(['scitoken:1.0', 'scitoken:2.0', 'wlcg:1.x', 'at+jwt'] as const)('takes our %s token', async (profile) => {
    const scope = profile === 'wlcg:1.x' ? 'storage.read:/store' : 'read:/store'
    const text = await new SciToken({ key: issuer.key, profile, claims: { ...claims, scope } }).serialize()
    expect(judge(text)).toEqual({ verify: true, access: true })
  })

  test('refuses the parent that was pulled out of a child, and every other token of a chain', async () => {
    const base = await new SciToken({ key: issuer.key, claims }).serialize({ includeKey: true })
    const child = await attenuate({ token: base, scopes: 'read:/store/run7', leaf: false })
    const leaf = await attenuate({ token: child })
    const pulledOut = SciToken.decode(leaf).unverifiedHeader['pwt'] as string
    const pulledOutOfThat = SciToken.decode(pulledOut).unverifiedHeader['pwt'] as string
    expect(pulledOutOfThat).toBe(splitKeyedToken(base).token)
    for (const token of [pulledOutOfThat, pulledOut, leaf, base, child]) {
      expect(judge(token)).toEqual({ verify: false, access: false })
    }
    expect(judge(ordinary)).toEqual({ verify: true, access: true })
  })

  test('makes tokens that we verify and decide on', async () => {
    for (const [profile, name] of [
      ['scitokens2', 'scitoken:2.0'],
      ['wlcg', 'wlcg:1.x'],
      ['atjwt', 'at+jwt'],
      ['scitokens1', 'scitoken:1.0'],
    ] as const) {
      const scope = profile === 'wlcg' ? 'storage.read:/store' : 'read:/store'
      // oxlint-disable-next-line no-await-in-loop -- one program after the other
      const text = await tools.create(issuer.key, ['sub=ana', `aud=${AUDIENCE}`, `scope=${scope}`], profile)
      // oxlint-disable-next-line no-await-in-loop -- as above
      const token = await SciToken.deserialize(text, { keys: issuer.keys })
      expect(token.profile).toBe(name)
      expect(token.get('sub')).toBe('ana')
      const { scopes } = parseScopes(token.get('scope') as string)
      const ask = (path: string): boolean =>
        findPermission(scopes, { authz: 'read', path: parseRequestPath(path) }, { profile: token.profile }) !==
        undefined
      expect([ask('/store/a'), ask('/storex'), ask('/')]).toEqual([true, false, false])
    }
  })
})
