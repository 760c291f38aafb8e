import { expect, test } from 'vitest'
import {
  attenuate,
  SciToken,
  SciTokenError,
  signBaseToken,
  SigningKey,
  splitKeyedToken,
  tokenIds,
  joinKeyedToken,
} from '../src/index.ts'
import { createTestIssuer } from '../src/testing/index.ts'

const issuer = await createTestIssuer()
const { clock } = issuer
const base = new SciToken({
  key: issuer.key,
  claims: {
    iss: issuer.issuer,
    sub: 'ana',
    aud: ['https://se.example', 'https://ce.example'],
    scope: 'read:/store write:/store/ana queue',
    vo: 'cms',
  },
})
const keyed = await base.serialize({ includeKey: true, clock, lifetime: 3600 })
const verify = (text: string, chains: boolean | object = true) =>
  SciToken.deserialize(text, { keys: issuer.keys, chains })
const refusal = async (work: Promise<unknown>): Promise<{ code: string; family: string }> => {
  const error: unknown = await work.then(
    () => expect.unreachable('was accepted'),
    (e: unknown) => e,
  )
  expect(error).toBeInstanceOf(SciTokenError)
  const { code, family } = error as SciTokenError
  return { code, family }
}

test('a leaf is accepted as the end of a complete chain, with the claims of all links together', async () => {
  const leaf = await attenuate({
    token: keyed,
    scopes: 'read:/store/run7',
    audience: 'https://se.example',
    lifetime: 60,
    clock,
  })
  const token = await verify(leaf)
  expect(token.get('scope')).toBe('read:/store/run7')
  expect(token.get('vo')).toBe('cms')
  expect(token.get('exp')).toBe(clock() + 60)
  expect(token.profile).toBe('scitoken:2.0')
  expect(tokenIds(token.verified!)).toHaveLength(2)
  expect(await refusal(verify(leaf, false))).toEqual({ code: 'chain_not_accepted', family: 'not_acceptable' })
})

test('a parent is not a bearer token, with or without its key', async () => {
  expect((await refusal(verify(keyed))).code).toBe('malformed_token')
  expect((await refusal(verify(splitKeyedToken(keyed).token))).code).toBe('parent_not_accepted')
})

test('a child of a child', async () => {
  const child = await attenuate({ token: keyed, scopes: ['read:/store/run7'], leaf: false, clock })
  const leaf = await attenuate({ token: child, scopes: ['read:/store/run7/a'], clock })
  expect((await verify(leaf)).get('scope')).toBe('read:/store/run7/a')
  expect(() => new SciToken({ parent: child }).set('scope', 'read:/store')).toThrowError(
    expect.objectContaining({ code: 'widened_chain' }),
  )
})

test('an issuer signs a base token for a key of the client', async () => {
  const key = await SigningKey.generate()
  const text = await signBaseToken({
    signer: issuer.key,
    cwk: key.publicJwk,
    clock,
    claims: { iss: issuer.issuer, aud: 'ANY', scope: 'read:/' },
  })
  const leaf = await attenuate({
    token: joinKeyedToken(text, key),
    audience: 'https://x.example',
    scopes: 'read:/x',
    clock,
  })
  expect((await verify(leaf)).get('aud')).toBe('https://x.example')
})
