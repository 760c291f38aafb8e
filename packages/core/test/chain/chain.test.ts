import { describe, expect, test, vi } from 'vitest'
import {
  attenuate,
  type AttenuateOptions,
  type JsonObject,
  joinKeyedToken,
  SciToken,
  type Signer,
  SigningKey,
  signBaseToken,
  StaticKeys,
  splitKeyedToken,
  tokenIds,
  VerificationKey,
  type VerifiedToken,
  verifyToken,
  type VerifyOptions,
} from '../../src/index.ts'
import { createTestIssuer } from '../../src/testing.ts'
import { refusal } from '../refusal.ts'
import { forge, part } from '../tokens.ts'

// Much work, and the machine may have other work.
vi.setConfig({ testTimeout: 180_000 })

const issuer = await createTestIssuer()
const { clock } = issuer
const now = clock()
const claims = {
  iss: issuer.issuer,
  sub: 'ana',
  aud: ['https://se.example', 'https://ce.example'],
  scope: 'read:/store write:/store/ana queue openid',
  vo: { name: 'cms', roles: ['a', 'b'] },
}
const makeBase = (more: JsonObject = {}): Promise<string> =>
  new SciToken({ key: issuer.key, claims: { ...claims, ...more } }).serialize({
    includeKey: true,
    clock,
    lifetime: 3600,
  })
const keyed = await makeBase()
const base = splitKeyedToken(keyed)
const baseKey = await SigningKey.from(base.key)
const derive = (options: Partial<AttenuateOptions> = {}): Promise<string> =>
  attenuate({ token: keyed, clock, ...options })
const verify = (text: string, options: Partial<VerifyOptions> = {}): Promise<VerifiedToken> =>
  verifyToken(text, { keys: issuer.keys, chains: true, ...options })
const accepted = async (text: string): Promise<boolean> =>
  verify(text).then(
    () => true,
    () => false,
  )
const codeOf = (text: string, options: Partial<VerifyOptions> = {}): Promise<string> =>
  refusal(() => verify(text, options))

/** A link as an attacker makes it: its claims stand in an array, as they must. */
const forgeLink = (signer: Pick<Signer, 'sign'>, header: JsonObject, body: JsonObject): Promise<string> =>
  forge(signer, header, [body])

// Claims and header of an honest leaf below the base, for attackers to change. They hold the key: their signature is good.
const leafClaims: JsonObject = {
  ...claims,
  ver: 'scitoken-chain:1.0',
  iat: now - 5,
  nbf: now - 5,
  exp: now + 600,
  jti: 'leaf',
}
const leafHeader = { alg: 'ES256', typ: 'scitoken-chain+jwt', crit: ['pwt'], pwt: base.token }
const forgeLeaf = (
  changes: JsonObject,
  header: JsonObject = {},
  signer: Pick<Signer, 'sign'> = baseKey,
): Promise<string> => forgeLink(signer, { ...leafHeader, ...header }, { ...leafClaims, ...changes })
const without = (object: JsonObject, ...names: string[]): JsonObject =>
  Object.fromEntries(Object.entries(object).filter(([name]) => !names.includes(name)))

test('a leaf is accepted as the end of a complete chain, and reads like one token', async () => {
  const leaf = await derive({ scopes: 'read:/store/run7', audience: 'https://se.example', lifetime: 60 })
  const verified = await verify(leaf)
  expect(verified).toMatchObject({ profile: 'scitoken:2.0', issuer: issuer.issuer })
  expect(verified.claims).toMatchObject({
    ...claims,
    ver: 'scitoken:2.0',
    scope: 'read:/store/run7',
    aud: 'https://se.example',
    exp: now + 60,
    nbf: now - 5,
  })
  expect(Object.isFrozen(verified.claims)).toBe(true)
  expect(JSON.stringify(verified.header)).not.toContain(base.token)
  const token = await SciToken.deserialize(leaf, { keys: issuer.keys, chains: true })
  expect(token.get('scope')).toBe('read:/store/run7')
})

test('what a derived token starts with is all that its parent has', async () => {
  const token = new SciToken({ parent: keyed })
  expect(token.claims()).toEqual(claims)
  expect((await verify(await token.serialize({ clock }))).claims).toMatchObject(claims)
})

test("a chain was issued when its base was: its iat is the base's, whatever the links below say", async () => {
  expect((await verify(await forgeLeaf({ iat: now + 900 }))).claims['iat']).toBe(now - 5)
  expect((await verify(await forgeLeaf({ iat: 0 }))).claims['iat']).toBe(now - 5)
  const later = (): number => now + 3000
  const child = await derive({ clock: later, leaf: false })
  const { claims: said, links } = await verify(await derive({ clock: later, token: child }))
  expect(said['iat']).toBe(now - 5)
  expect(links!.map((link) => link['iat'])).toEqual([now - 5, now + 2995, now + 2995])
})

test('each link can be revoked by its jti', async () => {
  const child = await derive({ leaf: false })
  const leaf = await derive({ token: child })
  const ids = [keyed, child, leaf].map((text) =>
    SciToken.decode(text.split('.').slice(0, 3).join('.')).getUnverified('jti'),
  )
  expect(tokenIds(await verify(leaf))).toEqual(ids)
  expect(new Set(ids).size).toBe(3)
  expect(tokenIds(await verify(await issuer.sign({ aud: 'x', jti: 'one' })))).toEqual(['one'])
  expect(tokenIds({ claims: {} })).toEqual([])
})

test('chains are accepted only where the relying party says so', async () => {
  const leaf = await derive()
  expect(await codeOf(leaf, { chains: false })).toBe('not_acceptable chain_not_accepted')
  expect(await refusal(() => verifyToken(leaf, { keys: issuer.keys }))).toBe('not_acceptable chain_not_accepted')
})

test('a parent is not a bearer token: not the base, not a child that can be derived from, not with its key', async () => {
  const child = splitKeyedToken(await derive({ leaf: false })).token
  for (const parent of [base.token, child]) {
    expect(await codeOf(parent)).toBe('not_acceptable parent_not_accepted')
    expect(await codeOf(parent, { chains: false })).toBe('not_acceptable chain_not_accepted')
  }
  expect(await codeOf(keyed)).toBe('not_acceptable malformed_token')
})

test('the parent that is pulled out of a child is refused', async () => {
  const pwt = SciToken.decode(await derive({ scopes: 'read:/store/run7' })).unverifiedHeader['pwt'] as string
  expect(pwt).toBe(base.token)
  expect(await accepted(pwt)).toBe(false)
})

test('a link is a JWS and no JWT: its payload is an array with the claims in it', async () => {
  const child = await derive({ leaf: false })
  for (const text of [base.token, splitKeyedToken(child).token, await derive({ token: child })]) {
    const payload: unknown = JSON.parse(Buffer.from(text.split('.')[1]!, 'base64url').toString())
    expect(payload).toEqual([expect.objectContaining({ ver: 'scitoken-chain:1.0', iss: issuer.issuer })])
    // For display, what stands in it.
    expect(payload).toEqual([SciToken.decode(text).unverifiedClaims])
  }
})

test('a link whose payload is anything else is refused, however it was signed', async () => {
  const view = SciToken.decode(base.token)
  for (const payload of [
    leafClaims,
    [],
    [[leafClaims]],
    [leafClaims, leafClaims],
    [leafClaims, {}],
    [null],
    ['x'],
    null,
    'x',
    `[${JSON.stringify(leafClaims).replace('{', '{"scope":"read:/",')}]`,
  ]) {
    expect(await refusal(async () => verify(await forge(baseKey, leafHeader, payload)))).toBe(
      'not_acceptable malformed_token',
    )
    expect(await refusal(async () => SciToken.decode(await forge(baseKey, leafHeader, payload)))).toBe(
      'not_acceptable malformed_token',
    )
  }
  // The base in the form of a JWT, which other people's verifiers would take.
  const pwt = await forge(issuer.key, view.unverifiedHeader, view.unverifiedClaims)
  expect(await refusal(async () => verify(await forgeLeaf({}, { pwt })))).toBe('not_acceptable malformed_token')
  expect(await refusal(() => derive({ token: `${pwt}.${part(base.key)}` }))).toBe('invalid_request malformed_token')
})

test('an ordinary token whose payload is an array is refused', async () => {
  const header = { alg: 'ES256', typ: 'JWT', kid: issuer.key.kid }
  const body = { ...leafClaims, ver: 'scitoken:2.0' }
  expect(await accepted(await forge(issuer.key, header, body))).toBe(true)
  for (const chains of [true, false]) {
    const text = await forge(issuer.key, header, [body])
    expect(await codeOf(text, { chains })).toBe('not_acceptable malformed_token')
  }
})

test('claims may be nested as deeply in a link as in a token', async () => {
  const nest = (levels: number): JsonObject => (levels === 0 ? {} : { a: nest(levels - 1) })
  expect(await accepted(await derive({ token: await makeBase({ deep: nest(30) }) }))).toBe(true)
  expect(await refusal(() => makeBase({ deep: nest(31) }))).toMatch(/^invalid_request/)
})

test('every chain token has four barriers, each of which refuses it by itself', async () => {
  const { unverifiedHeader, unverifiedClaims } = SciToken.decode(base.token)
  expect(unverifiedHeader).toMatchObject({ typ: 'scitoken-chain+jwt', crit: ['cwk'], kid: issuer.key.kid })
  expect(unverifiedClaims['ver']).toBe('scitoken-chain:1.0')
  const leaf = SciToken.decode(await derive()).unverifiedHeader
  expect(leaf).toMatchObject({ typ: 'scitoken-chain+jwt', crit: ['pwt'] })
  expect(SciToken.decode(splitKeyedToken(await derive({ leaf: false })).token).unverifiedHeader['crit']).toEqual([
    'pwt',
    'cwk',
  ])
  // An issuer that forgets three of them: the fourth is enough.
  const asToken = { ...unverifiedClaims, ver: 'scitoken:2.0' }
  const plain = { ...without(unverifiedHeader, 'crit', 'cwk'), typ: 'JWT' }
  const forgetful: (readonly [JsonObject, unknown])[] = [
    [without(unverifiedHeader, 'crit', 'cwk'), asToken],
    [{ ...without(unverifiedHeader, 'cwk'), typ: 'JWT' }, asToken],
    [plain, unverifiedClaims],
    [{ ...without(unverifiedHeader, 'crit'), typ: 'JWT' }, asToken],
    [plain, [asToken]],
  ]
  expect(await accepted(await forge(issuer.key, plain, asToken))).toBe(true)
  for (const [header, body] of forgetful) {
    const text = await forge(issuer.key, header, body)
    expect(await accepted(text)).toBe(false)
    expect(await refusal(() => verify(text, { chains: false }))).toMatch(/^not_acceptable/)
  }
})

test('only the key that the parent names signs its children', async () => {
  const stranger = await SigningKey.generate()
  expect(await accepted(await forgeLeaf({}))).toBe(true)
  expect(await refusal(async () => verify(await forgeLeaf({}, {}, stranger)))).toBe('not_acceptable broken_chain')
  expect(await refusal(async () => verify(await forgeLeaf({}, {}, issuer.key)))).toBe('not_acceptable broken_chain')
  expect(await refusal(async () => verify(await forgeLeaf({}, { kid: issuer.key.kid }, issuer.key)))).toBe(
    'not_acceptable broken_chain',
  )
  expect(
    await refusal(async () => verify(await forgeLeaf({}, { jwk: { ...stranger.publicJwk } as JsonObject }, stranger))),
  ).toBe('not_acceptable broken_chain')
})

test('a cwk cannot be swapped for one of the attacker', async () => {
  const attacker = await SigningKey.generate()
  const view = SciToken.decode(base.token)
  const { kty, crv, x, y } = attacker.publicJwk
  const cwk = { kty, crv, x, y } as JsonObject
  const [, payload, signature] = base.token.split('.')
  const swapped = `${part({ ...view.unverifiedHeader, cwk })}.${payload}.${signature}`
  expect(await refusal(async () => verify(await forgeLeaf({}, { pwt: swapped }, attacker)))).toBe(
    'not_acceptable bad_signature',
  )
  const signedByAttacker = await forgeLink(attacker, { ...view.unverifiedHeader, cwk }, view.unverifiedClaims)
  expect(await refusal(async () => verify(await forgeLeaf({}, { pwt: signedByAttacker }, attacker)))).toBe(
    'not_acceptable bad_signature',
  )
})

test('a link can be neither removed nor moved nor repeated', async () => {
  const child = await derive({ scopes: 'read:/store/run7', leaf: false })
  const grandchild = await derive({ token: child, scopes: 'read:/store/run7/a', leaf: false })
  const childToken = splitKeyedToken(child).token
  const grandToken = splitKeyedToken(grandchild).token
  const key = await SigningKey.from(splitKeyedToken(grandchild).key)
  const leafBelow = (pwt: string): Promise<string> => forgeLeaf({ scope: '' }, { pwt }, key)
  expect(await accepted(await leafBelow(grandToken))).toBe(true)
  // removed: straight below the child, or below the base
  expect(await refusal(async () => verify(await leafBelow(childToken)))).toBe('not_acceptable broken_chain')
  expect(await refusal(async () => verify(await leafBelow(base.token)))).toBe('not_acceptable broken_chain')
  // moved: the child below the grandchild; the signature covers the parent
  const [head, body, signature] = childToken.split('.') as [string, string, string]
  const header = JSON.parse(atob(head.replaceAll('-', '+').replaceAll('_', '/'))) as JsonObject
  const moved = `${part({ ...header, pwt: grandToken })}.${body}.${signature}`
  expect(
    await accepted(await forgeLeaf({ scope: '' }, { pwt: moved }, await SigningKey.from(splitKeyedToken(child).key))),
  ).toBe(false)
  // repeated: the grandchild below itself
  const again = `${part({ ...SciToken.decode(grandToken).unverifiedHeader, pwt: grandToken })}.${grandToken.split('.').slice(1).join('.')}`
  expect(await accepted(await forgeLeaf({ scope: '' }, { pwt: again }, key))).toBe(false)
})

test.each<[string, JsonObject]>([
  ['a wider path', { scope: 'read:/' }],
  ['a sibling', { scope: 'read:/store2' }],
  ['another authorization', { scope: 'write:/store' }],
  ['one that the parent includes elsewhere, but not in this profile', { scope: 'create:/store/ana' }],
  ['a scope beside good ones', { scope: 'read:/store queue execute' }],
  ['a selector of its own', { scope: 'openid email' }],
  ['another audience', { aud: 'https://other.example' }],
  ['an audience beside good ones', { aud: ['https://se.example', 'https://other.example'] }],
  ['everybody', { aud: 'ANY' }],
  ['a longer life', { exp: now + 3601 }],
  ['an earlier begin', { nbf: now - 6 }],
  ['a new claim', { admin: true }],
  ['a new claim of the prototype', JSON.parse('{"__proto__":{}}') as JsonObject],
  ['a claim with another value', { vo: { name: 'cms', roles: ['a', 'b', 'c'] } }],
  ['a claim with members left out', { vo: { name: 'cms' } }],
  ['a claim of another type', { vo: ['cms'] }],
  ['another subject', { sub: 'root' }],
])('whoever holds the key cannot sign themselves %s', async (_what, changes) => {
  expect(await refusal(async () => verify(await forgeLeaf(changes)))).toBe('not_acceptable widened_chain')
})

test.each<[string, JsonObject, string]>([
  ['no scope', without(leafClaims, 'scope'), 'missing_claim'],
  ['no audience', without(leafClaims, 'aud'), 'missing_claim'],
  ['no exp', without(leafClaims, 'exp'), 'missing_claim'],
  ['no iss', without(leafClaims, 'iss'), 'missing_claim'],
  ['no ver', without(leafClaims, 'ver'), 'missing_claim'],
  ['no nbf, though the parent has one', without(leafClaims, 'nbf'), 'widened_chain'],
  ['no sub, though the parent has one', without(leafClaims, 'sub'), 'widened_chain'],
  ['no jti, though the parent has one', without(leafClaims, 'jti'), 'widened_chain'],
  ['the version of a bearer token', { ...leafClaims, ver: 'scitoken:2.0' }, 'broken_chain'],
  ['an exp that is text', { ...leafClaims, exp: '1' }, 'invalid_claim'],
  ['an nbf that is null', { ...leafClaims, nbf: null }, 'invalid_claim'],
  ['a jti that is a number', { ...leafClaims, jti: 5 }, 'invalid_claim'],
  ['a scope that is a list', { ...leafClaims, scope: ['read:/store'] }, 'invalid_claim'],
  ['a malformed scope', { ...leafClaims, scope: 'read:/store/..' }, 'invalid_scope'],
  ['an audience that is empty', { ...leafClaims, aud: [] }, 'invalid_claim'],
  ['an audience that is a number', { ...leafClaims, aud: 5 }, 'invalid_claim'],
])('a link must say everything: %s', async (_what, body, code) => {
  expect(await refusal(async () => verify(await forgeLink(baseKey, leafHeader, body)))).toBe(`not_acceptable ${code}`)
})

test.each<[string, JsonObject, string]>([
  ['another type', { typ: 'JWT' }, 'broken_chain'],
  ['no type', { typ: null }, 'broken_chain'],
  ['no crit', { crit: null }, 'broken_chain'],
  ['an empty crit', { crit: [] }, 'broken_chain'],
  ['a crit that names more', { crit: ['pwt', 'exp'] }, 'broken_chain'],
  ['a crit that names what is not there', { crit: ['pwt', 'cwk'] }, 'broken_chain'],
  ['a parent that is an object', { pwt: {} }, 'broken_chain'],
  ['a parent that is empty', { pwt: '' }, 'malformed_token'],
  ['a parent with its key', { pwt: keyed }, 'malformed_token'],
  ['a parent that is an ordinary token', { pwt: await issuer.sign({ aud: 'x', scope: 'read:/' }) }, 'broken_chain'],
  ['an algorithm that is not accepted', { alg: 'HS256' }, 'unsupported_alg'],
  ['no algorithm', { alg: 'none' }, 'unsupported_alg'],
  ['an algorithm that does not fit', { alg: 'RS256' }, 'broken_chain'],
])('a link must look like one: %s', async (_what, header, code) => {
  expect(await refusal(async () => verify(await forgeLeaf({}, header)))).toBe(`not_acceptable ${code}`)
})

test.each<[string, (cwk: JsonObject) => unknown, string]>([
  ['a private key', () => ({ ...base.key }), 'broken_chain'],
  ['a symmetric key', () => ({ kty: 'oct', k: 'AAAA' }), 'broken_chain'],
  ['no object', () => 'key', 'unsupported_key'],
  ['null', () => null, 'unsupported_key'],
  ['an encryption key', (cwk) => ({ ...cwk, use: 'enc' }), 'unsupported_key'],
  ['another curve', (cwk) => ({ ...cwk, crv: 'P-384' }), 'unsupported_key'],
  ['a point off its curve', (cwk) => ({ ...cwk, x: cwk['y'] }), 'unsupported_key'],
  ['a weak key', () => ({ kty: 'RSA', n: 'AQAB', e: 'AQAB' }), 'weak_key'],
])('a key for children must be a good public key: %s', async (_what, change, code) => {
  const view = SciToken.decode(base.token)
  const cwk = change(view.unverifiedHeader['cwk'] as JsonObject) as JsonObject
  const pwt = await forgeLink(issuer.key, { ...view.unverifiedHeader, cwk }, view.unverifiedClaims)
  expect(await refusal(async () => verify(await forgeLeaf({}, { pwt })))).toBe(`not_acceptable ${code}`)
})

test('a base of an issuer that is not trusted, with an unknown key or without kid, costs no more than a lookup', async () => {
  const leaf = await derive()
  expect(await codeOf(leaf, { issuers: ['https://other.example'] })).toBe('not_acceptable untrusted_issuer')
  const view = SciToken.decode(base.token)
  const baseOf = (header: JsonObject, body: JsonObject = {}): Promise<string> =>
    forgeLink(issuer.key, { ...view.unverifiedHeader, ...header }, { ...view.unverifiedClaims, ...body })
  const below = async (pwt: string): Promise<string> => verify(await forgeLeaf({}, { pwt })).then(String)
  expect(await refusal(async () => below(await baseOf({ kid: 'other' })))).toBe('not_acceptable key_not_found')
  const noKid = await forgeLink(issuer.key, without(view.unverifiedHeader, 'kid'), view.unverifiedClaims)
  expect(await refusal(() => below(noKid))).toBe('not_acceptable key_not_found')
  expect(await refusal(async () => below(await baseOf({}, { 'wlcg.ver': '1.0' })))).toBe(
    'not_acceptable profile_mismatch',
  )
})

test('groups are left out of chains: a link that drops its capabilities must not live on them', async () => {
  const options = { signer: issuer.key, cwk: baseKey.publicJwk, clock }
  expect(await refusal(() => signBaseToken({ ...options, claims: { ...claims, 'wlcg.groups': ['/cms'] } }))).toBe(
    'invalid_request profile_mismatch',
  )
})

test('a chain has a limited depth and size, for signers as for verifiers', async () => {
  let token = keyed
  for (let depth = 1; depth < 8; depth++) {
    // oxlint-disable-next-line no-await-in-loop -- each below the one before
    token = await attenuate({ token, clock, leaf: false })
  }
  const deepest = await attenuate({ token, clock })
  expect(await accepted(deepest)).toBe(true)
  expect(await codeOf(deepest, { chains: { maxDepth: 7 } })).toBe('not_acceptable too_large')
  expect(await codeOf(deepest, { chains: { maxLength: deepest.length - 1 } })).toBe('not_acceptable too_large')
  expect(await codeOf(deepest, { maxLength: deepest.length - 1 })).toBe('not_acceptable too_large')
  const ninth = await attenuate({ token, clock, leaf: false }).catch((error: Error) => error)
  expect(typeof ninth).toBe('string')
  expect(await refusal(() => attenuate({ token: ninth as string, clock }))).toBe('invalid_request too_large')
  for (const maxDepth of [0, -1, Number.NaN, 1.5]) {
    expect(await codeOf(deepest, { chains: { maxDepth } })).toBe('config config_error')
  }
})

test('a bomb of parents is refused before any signature is looked at', async () => {
  let pwt = base.token
  for (let depth = 0; depth < 9; depth++) {
    // oxlint-disable-next-line no-await-in-loop -- each below the one before
    pwt = await forgeLink(baseKey, { ...leafHeader, crit: ['pwt', 'cwk'], cwk: {}, pwt }, {})
  }
  const asked: string[] = []
  const keys = { getKeySet: (iss: string) => (asked.push(iss), issuer.keys.getKeySet(iss)) }
  expect(await codeOf(await forgeLeaf({}, { pwt }), { keys, issuers: [issuer.issuer] })).toBe(
    'not_acceptable too_large',
  )
  expect(asked).toEqual([])
})

describe('what anybody can write costs no more than reading it once:', () => {
  const signature = part(new Uint8Array(64))
  const { kty, crv, x, y } = baseKey.publicJwk
  /** A chain that nobody signed, as deep and as full of scopes as the limits allow. */
  const unsigned = (depth: number, iss: string, kid = issuer.key.kid): string => {
    const build = (scopes: number): string => {
      const scope = Array.from({ length: scopes }, (_, index) => `read:/${index}`).join(' ')
      const link = (more: JsonObject): string =>
        `${part({ alg: 'ES256', typ: 'scitoken-chain+jwt', ...more })}.${part([{ ...leafClaims, iss, scope }])}.${signature}`
      const cwk = { kty, crv, x, y } as JsonObject
      let pwt = link({ kid, crit: ['cwk'], cwk })
      for (let at = 1; at < depth; at++) pwt = link({ crit: ['pwt', 'cwk'], cwk, pwt })
      return link({ crit: ['pwt'], pwt })
    }
    let scopes = 1
    while (build(scopes + 10).length <= 65_536) scopes += 10
    return build(scopes)
  }
  /** What is parsed, and whether a key imported or asked for, until the token is refused. */
  const workOf = async (
    text: string,
    options: Partial<VerifyOptions>,
  ): Promise<{ code: string; parsed: number; letters: number; asked: (string | undefined)[] }> => {
    const asked: (string | undefined)[] = []
    const keys: VerifyOptions['keys'] = {
      getKeySet: (iss, hint) => (asked.push(hint.kid), issuer.keys.getKeySet(iss, hint)),
    }
    const parse = vi.spyOn(JSON, 'parse')
    try {
      const code = await codeOf(text, { keys, ...options })
      const parsed = parse.mock.calls.map(([json]) => json.length)
      return { code, parsed: parsed.length, letters: parsed.reduce((sum, length) => sum + length, 0), asked }
    } finally {
      parse.mockRestore()
    }
  }

  test.each([1, 4, 8])('a chain of an unknown issuer, %i deep, one header and one claims set', async (depth) => {
    const text = unsigned(depth, 'https://unknown.example')
    const refused = { code: 'not_acceptable untrusted_issuer', parsed: 2 }
    const listed = await workOf(text, { issuers: [issuer.issuer] })
    expect(listed).toMatchObject({ ...refused, asked: [] })
    // Each of them once, and no part of it again: the limit is that of an ordinary token.
    expect(listed.letters).toBeLessThan(text.length)
    // Without a list, the key source knows whom it serves.
    expect(await workOf(text, {})).toMatchObject({ ...refused, asked: [undefined] })
    expect(await workOf(text, { chains: false })).toMatchObject({
      code: 'not_acceptable chain_not_accepted',
      parsed: 1,
    })
  })

  test.each([1, 4, 8])('a chain that nobody signed, %i deep, the headers and the first signature', async (depth) => {
    const verifies = vi.spyOn(VerificationKey.prototype, 'verify')
    try {
      // The leaf's claims, for the issuer; no other link's. The base's header is short, and may be known already.
      const options = { issuers: [issuer.issuer] }
      const parsed = expect.toSatisfy((count: number) => count <= depth + 2) as number
      expect(await workOf(unsigned(depth, issuer.issuer, 'no-such-key'), options)).toMatchObject({
        code: 'not_acceptable key_not_found',
        parsed,
      })
      expect(verifies).not.toHaveBeenCalled()
      expect(await workOf(unsigned(depth, issuer.issuer), options)).toMatchObject({
        code: 'not_acceptable bad_signature',
        parsed,
      })
      expect(verifies).toHaveBeenCalledTimes(1)
    } finally {
      verifies.mockRestore()
    }
  })

  test('below a genuine base, which every receiver of a child has, nothing is read without the signature of its key', async () => {
    const stranger = await SigningKey.generate()
    const long = Array.from({ length: 2000 }, (_, index) => `read:/store/${index}`).join(' ')
    const text = await forgeLeaf({ scope: long, sub: 5 }, {}, stranger)
    expect(await codeOf(text)).toBe('not_acceptable broken_chain')
  })
})

test('all links of a chain are of one issuer: the one that the leaf names, whose key signed the base', async () => {
  const other = await createTestIssuer({ issuer: 'https://other.example', clock })
  const keys = new StaticKeys({ [issuer.issuer]: issuer.jwks, [other.issuer]: other.jwks })
  const issuers = [issuer.issuer, other.issuer]
  // The same key in both sets: an issuer that serves two organisations.
  const twins = new StaticKeys({ [issuer.issuer]: issuer.jwks, [other.issuer]: issuer.jwks })
  const renamed = await forgeLeaf({ iss: other.issuer })
  expect(await codeOf(renamed, { keys, issuers })).toBe('not_acceptable key_not_found')
  expect(await codeOf(renamed, { keys: twins, issuers })).toBe('not_acceptable widened_chain')
  expect(await codeOf(renamed, { issuers: [issuer.issuer] })).toBe('not_acceptable untrusted_issuer')
  expect(await verify(await derive(), { keys: twins, issuers })).toMatchObject({ issuer: issuer.issuer })
})

test('an attempt to widen throws at once, before anything is signed', async () => {
  const token = new SciToken({ parent: keyed })
  for (const [name, value] of [
    ['scope', 'read:/'],
    ['scope', 'read:/store execute'],
    ['aud', 'https://other.example'],
    ['aud', 'ANY'],
    ['sub', 'root'],
    ['iss', 'https://other.example'],
    ['vo', 'atlas'],
    ['admin', true],
    ['wlcg.groups', ['/cms']],
    ['toString', 1],
  ] as const) {
    expect(await refusal(() => token.set(name, value as string))).toBe('invalid_request widened_chain')
    expect(await refusal(() => new SciToken({ parent: keyed, claims: { [name]: value } }))).toBe(
      'invalid_request widened_chain',
    )
  }
  expect(await refusal(() => token.set('scope', 'read'))).toBe('invalid_request invalid_scope')
  expect(await refusal(() => token.set('aud', 5))).toBe('invalid_request invalid_claim')
  for (const name of ['exp', 'nbf', 'iat', 'ver']) {
    expect(await refusal(() => token.set(name, 1))).toBe('invalid_request invalid_claim')
  }
  for (const name of ['scope', 'aud', 'vo']) {
    expect(await refusal(() => token.delete(name))).toBe('invalid_request invalid_request')
  }
  expect(token.delete('never')).toBe(false)
  expect(token.claims()).toEqual(claims)
  expect(await refusal(() => token.serialize({ clock, lifetime: 3601 }))).toBe('invalid_request widened_chain')
  expect(await refusal(() => token.serialize({ clock, issuer: 'https://other.example' }))).toBe(
    'invalid_request widened_chain',
  )
})

test('a grandchild is measured by its parent, not by the base', async () => {
  const child = await derive({
    scopes: ['read:/store/run7'],
    audience: 'https://se.example',
    leaf: false,
    lifetime: 60,
  })
  for (const options of [{ scopes: 'read:/store' }, { audience: 'https://ce.example' }, { lifetime: 61 }]) {
    expect(await refusal(() => derive({ token: child, ...options }))).toBe('invalid_request widened_chain')
  }
  expect((await verify(await derive({ token: child }))).claims['exp']).toBe(now + 60)
})

test("a lifetime ends with the parent's; an expired parent has no children", async () => {
  expect((await verify(await derive())).claims['exp']).toBe(now + 600)
  const late = (): number => now + 3500
  expect((await verify(await derive({ clock: late }))).claims['exp']).toBe(now + 3600)
  const gone = (): number => now + 3600
  expect(await refusal(() => derive({ clock: gone }))).toBe('invalid_request expired')
  for (const lifetime of [0, -1, Number.NaN]) {
    expect(await refusal(() => derive({ lifetime }))).toBe('invalid_request invalid_claim')
  }
})

test('a leaf is never dated back before its parent begins', async () => {
  expect((await verify(await derive({ backdate: 300 }))).claims['nbf']).toBe(now - 5)
})

test('a base for everybody becomes a leaf for one server, never the other way round', async () => {
  const any = await makeBase({ aud: 'ANY' })
  const child = await derive({ token: any, audience: 'https://x.example', leaf: false })
  expect((await verify(await derive({ token: child }))).claims['aud']).toBe('https://x.example')
  expect(await refusal(() => derive({ token: child, audience: 'ANY' }))).toBe('invalid_request widened_chain')
})

test('the key leaves its holder only when it is asked for by name', async () => {
  const token = new SciToken({ parent: keyed })
  expect((await token.serialize({ clock })).split('.')).toHaveLength(3)
  const child = await token.serialize({ clock, includeKey: true })
  expect(child.split('.')).toHaveLength(4)
  const { d } = splitKeyedToken(child).key
  expect(d).not.toBe(base.key.d)
  expect(child).not.toContain(base.key.d!)
  const grandchild = new SciToken({ parent: token })
  expect((await verify(await grandchild.serialize({ clock }))).links).toHaveLength(3)
})

test('a fourth part that does not fit is refused', async () => {
  const other = await SigningKey.generate()
  for (const key of [other.exportJwk(), other.publicJwk, baseKey.publicJwk, {}, { kty: 'EC' }]) {
    expect(await refusal(() => derive({ token: `${base.token}.${part(key)}` }))).toBe('invalid_request broken_chain')
  }
  for (const key of ['', part('x'), part('[]'), '!', `${part(base.key)}.x`]) {
    expect(await refusal(() => derive({ token: `${base.token}.${key}` }))).toMatch(
      /^invalid_request (?:malformed|invalid)/,
    )
  }
  const mixed = { ...base.key, d: other.exportJwk().d! }
  expect(await refusal(() => derive({ token: `${base.token}.${part(mixed)}` }))).toBe('config unsupported_key')
  expect(await refusal(() => joinKeyedToken(base.token, other))).toBe('invalid_request broken_chain')
})

test('only a token with its key can be derived from', async () => {
  const plain = await issuer.sign({ aud: 'x', scope: 'read:/' })
  for (const text of ['', 'x', plain, base.token, await derive(), 'x'.repeat(1_000_000)]) {
    expect(await refusal(() => derive({ token: text }))).toMatch(/^invalid_request/)
  }
  expect(await refusal(() => derive({ token: `${plain}.${part(base.key)}` }))).toBe('invalid_request broken_chain')
  expect(await refusal(() => new SciToken({ parent: new SciToken() }))).toBe('invalid_request invalid_request')
  expect(await refusal(() => new SciToken({ parent: keyed, key: issuer.key }))).toBe('invalid_request invalid_request')
  expect(await refusal(() => new SciToken({ parent: keyed, profile: 'wlcg:1.x' }))).toBe(
    'invalid_request profile_mismatch',
  )
})

test('an issuer signs a base token for the key of a client, which it never sees', async () => {
  const key = await SigningKey.generate()
  const text = await signBaseToken({ signer: issuer.key, cwk: key.publicJwk, clock, claims })
  expect(SciToken.decode(text).unverifiedHeader['cwk']).toEqual({
    kty: 'EC',
    crv: 'P-256',
    x: key.publicJwk.x,
    y: key.publicJwk.y,
  })
  const leaf = await derive({ token: joinKeyedToken(text, key), scopes: 'read:/store' })
  expect(await accepted(leaf)).toBe(true)
  const sub = await SigningKey.generate('RS256')
  const child = await derive({ token: joinKeyedToken(text, key), cwk: sub.publicJwk })
  expect(await accepted(await derive({ token: joinKeyedToken(child, sub) }))).toBe(true)
})

test('a base token is signed only complete, in its own profile, and for a good public key', async () => {
  const cwk = (await SigningKey.generate()).publicJwk
  const sign = (more: object): Promise<string> => signBaseToken({ signer: issuer.key, clock, claims, cwk, ...more })
  expect(await refusal(() => sign({ claims: without(claims, 'scope') }))).toBe('invalid_request missing_claim')
  expect(await refusal(() => sign({ claims: without(claims, 'aud') }))).toBe('invalid_request missing_claim')
  expect(await refusal(() => sign({ cwk: base.key }))).toBe('config unsupported_key')
  expect(await refusal(() => sign({ cwk: {} }))).toBe('config unsupported_key')
  expect(await refusal(() => sign({ cwk: null }))).toBe('config unsupported_key')
  const p384 = await SigningKey.generate('ES384')
  expect(await refusal(() => sign({ cwk: p384.publicJwk }))).toBe('config unsupported_alg')
  expect(await sign({ cwk: p384.publicJwk, algorithms: ['ES384'] })).toBeTypeOf('string')
  const wlcg = new SciToken({ key: issuer.key, profile: 'wlcg:1.x', claims: without(claims, 'vo') })
  expect(await refusal(() => wlcg.serialize({ includeKey: true }))).toBe('invalid_request profile_mismatch')
  expect(await refusal(() => wlcg.serialize({ includeKey: true, cwk }))).toBe('invalid_request invalid_request')
})
