// The suite itself. It runs where there is no Node, so it imports core alone and checks by hand.
import {
  attenuate,
  coversPath,
  findPermission,
  parseRequestPath,
  parseScopePath,
  parseScopes,
  SciToken,
  SciTokenError,
  SigningKey,
  StaticKeys,
  thumbprint,
} from '@scitokens/core'
import { createTestIssuer } from '@scitokens/core/testing'

/** What became of one check. */
export interface Outcome {
  readonly name: string
  readonly error: string | undefined
}

const ALGORITHMS = ['ES256', 'RS256', 'ES384', 'ES512', 'PS256', 'EdDSA'] as const
const AUDIENCE = 'https://storage.example'

const checks: Readonly<Record<string, () => unknown>> = {
  ...Object.fromEntries(ALGORITHMS.map((alg) => [`a ${alg} token is signed and verified`, () => roundTrip(alg)])),

  'a changed token is refused': async () => {
    const issuer = await createTestIssuer()
    const [head, , signature] = (await issuer.sign({ aud: AUDIENCE, scope: 'read:/a' })).split('.')
    const [, body] = (await issuer.sign({ aud: AUDIENCE, scope: 'read:/' })).split('.')
    await refused('bad_signature', () => SciToken.deserialize(`${head}.${body}.${signature}`, { keys: issuer.keys }))
    await refused('malformed_token', () => SciToken.deserialize('a.b', { keys: issuer.keys }))
  },

  'keys are read from PEM and written again': async () => {
    for (const alg of ['ES256', 'RS256', 'EdDSA'] as const) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      const key = await SigningKey.generate(alg)
      // oxlint-disable-next-line no-await-in-loop -- as above
      const again = await SigningKey.from(await key.exportPem(), { alg })
      equal(again.publicJwk, key.publicJwk)
      // oxlint-disable-next-line no-await-in-loop -- as above
      equal(await thumbprint(again.publicJwk), key.kid)
    }
  },

  'the older PEM forms are read': async () => {
    const key = await SigningKey.from(SEC1)
    equal([key.alg, key.kid], ['ES256', 'c8nbZ2Pq7xt5Lon4D6IkVkv-_ca2JM86mYzdwW_L_D4'])
  },

  'published keys are judged': async () => {
    const key = (await SigningKey.generate()).publicJwk
    const keys = new StaticKeys({
      'https://x.example': { keys: [{ ...key, x: key.y! }, { kty: 'RSA', n: 'AQAB', e: 'AQAB' }, key] },
    })
    const set = await keys.getKeySet('https://x.example')
    equal([set.keys.length, set.dropped.map(({ code }) => code)], [1, ['unsupported_key', 'weak_key']])
  },

  'paths are read alike everywhere': async () => {
    equal(parseScopePath('///a/./%C3%A9%20b//'), '/a/é b/')
    equal(parseRequestPath('/a/../b'), '/b')
    equal(coversPath(parseScopePath('/a'), parseScopePath('/ab')), false)
    for (const path of ['/..', '/%2e%2e/a', '/%252e%252e', '/a%2fb', '/a\\b', '/%00', '/%C0%AE', '/\ud800', 'a']) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      await refused('invalid_scope', () => parseScopePath(path))
    }
  },

  'a token chain ends in a leaf, and its parent is refused': async () => {
    const issuer = await createTestIssuer()
    const claims = { iss: issuer.issuer, sub: 'ana', aud: AUDIENCE, scope: 'read:/store' }
    const keyed = await new SciToken({ key: issuer.key, claims }).serialize({ includeKey: true })
    const leaf = await attenuate({ token: keyed, scopes: 'read:/store/run7' })
    const token = await SciToken.deserialize(leaf, { keys: issuer.keys, chains: true })
    equal(token.get('scope'), 'read:/store/run7')
    const parent = SciToken.decode(leaf).unverifiedHeader['pwt'] as string
    await refused('parent_not_accepted', () => SciToken.deserialize(parent, { keys: issuer.keys, chains: true }))
    await refused('widened_chain', () => attenuate({ token: keyed, scopes: 'read:/' }))
  },

  'names of the prototype are claims like others': async () => {
    const issuer = await createTestIssuer()
    const odd = JSON.parse('{"aud":"x","__proto__":{"admin":true},"constructor":1}') as { aud: string }
    const token = await SciToken.deserialize(await issuer.sign(odd), { keys: issuer.keys })
    equal(token.get('__proto__'), { admin: true })
    equal(token.get('toString'), undefined)
  },
}

// A key made for this test: `openssl ecparam -name prime256v1 -genkey`.
const SEC1 = `-----BEGIN EC PRIVATE KEY-----
MHcCAQEEIK7o1sX+016EDMxqDF4rF2qcOOxssZ8YzFBiN5jXcd9goAoGCCqGSM49
AwEHoUQDQgAEGiEgsXIX8i7CXBq0oQ6tassNyToSlp5L/LvCe+QRkQwz98JgkYyy
j49mw242lwZQzS/thTf3E5jqJaRj4xClSA==
-----END EC PRIVATE KEY-----`

async function roundTrip(alg: (typeof ALGORITHMS)[number]): Promise<void> {
  const issuer = await createTestIssuer({ alg })
  const text = await issuer.sign({ aud: AUDIENCE, scope: 'read:/store' })
  const token = await SciToken.deserialize(text, { keys: issuer.keys, algorithms: [alg] })
  const { scopes } = parseScopes(token.get('scope') as string)
  const may = (path: string): boolean =>
    findPermission(scopes, { authz: 'read', path: parseRequestPath(path) }, { profile: token.profile }) !== undefined
  equal([may('/store/a'), may('/storex')], [true, false])
}

function equal(actual: unknown, expected: unknown): void {
  const [left, right] = [actual, expected].map((value) => JSON.stringify(value))
  if (left !== right) throw new Error(`expected ${right}, not ${left}`)
}

async function refused(code: string, work: () => unknown): Promise<void> {
  try {
    await work()
  } catch (error) {
    if (error instanceof SciTokenError) return equal(error.code, code)
    throw error
  }
  throw new Error(`expected ${code}, but nothing was refused`)
}

/** Runs every check. */
export async function runSuite(): Promise<readonly Outcome[]> {
  const outcomes: Outcome[] = []
  for (const [name, check] of Object.entries(checks)) {
    try {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      await check()
      outcomes.push({ name, error: undefined })
    } catch (error) {
      outcomes.push({ name, error: String(error) })
    }
  }
  return outcomes
}
