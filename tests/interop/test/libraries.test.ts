import { generateKeyPairSync } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Answer, type CannotAnswer, type Ended, type Implementation, openPeer } from '@scitokens/conformance'
import { type JsonObject, type Jwk, type ProfileName, SigningKey, signToken } from '@scitokens/core'
import { Enforcer } from '@scitokens/enforcer'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { isWanted } from '../src/libraries/left-out.ts'
import { cppMaker, goMaker, type KeyFiles, type Maker, pythonMaker, writeKeys } from '../src/libraries/makers.ts'

const ISSUER = 'https://vo.example.org'
const SERVER = 'https://storage.example.org'
const ALGORITHMS = ['ES256', 'RS256'] as const
type Algorithm = (typeof ALGORITHMS)[number]

interface Pair {
  readonly signing: SigningKey
  readonly files: KeyFiles
}
let directory: string
let pairs: Readonly<Record<Algorithm, Pair>>
/** A key of the same name and kind that the issuer does not publish. */
let strangers: Readonly<Record<Algorithm, SigningKey>>

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'scitokens-libraries-'))
  pairs = { ES256: await makePair('ES256'), RS256: await makePair('RS256') }
  strangers = {
    ES256: await SigningKey.generate('ES256', { kid: 'key-ES256' }),
    RS256: await SigningKey.generate('RS256', { kid: 'key-RS256' }),
  }
})
afterAll(() => rm(directory, { recursive: true, force: true }))

async function makePair(alg: Algorithm): Promise<Pair> {
  const { privateKey, publicKey } =
    alg === 'ES256'
      ? generateKeyPairSync('ec', { namedCurve: 'P-256' })
      : generateKeyPairSync('rsa', { modulusLength: 2048 })
  const kid = `key-${alg}`
  const privatePem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
  const publicPem = publicKey.export({ type: 'spki', format: 'pem' }).toString()
  return {
    signing: await SigningKey.from(privateKey, { alg, kid }),
    files: await writeKeys(directory, { alg, kid, privatePem, publicPem }),
  }
}

function published(): Record<string, { keys: Jwk[] }> {
  return { [ISSUER]: { keys: [pairs.ES256.signing.publicJwk, pairs.RS256.signing.publicJwk] } }
}

/** The capability by which each profile lets `/store` be read. */
function readScope(profile: ProfileName): string {
  return profile === 'wlcg:1.x' ? 'storage.read:/store' : 'read:/store'
}

function sign(profile: ProfileName, signer: SigningKey, claims: JsonObject = {}, ageS = 0): Promise<string> {
  const client = profile === 'at+jwt' ? { client_id: 'c' } : {}
  return signToken({
    signer,
    profile,
    lifetime: 600,
    clock: () => Date.now() / 1000 - ageS,
    claims: { iss: ISSUER, sub: 'ana', aud: SERVER, scope: readScope(profile), ...client, ...claims },
  })
}

const READERS = [
  { peer: 'cpp', profiles: ['scitoken:1.0', 'scitoken:2.0', 'wlcg:1.x', 'at+jwt'], wlcgRead: 'read' },
  { peer: 'python', profiles: ['scitoken:1.0', 'scitoken:2.0'], wlcgRead: 'storage.read' },
  { peer: 'go', profiles: ['scitoken:1.0', 'scitoken:2.0', 'wlcg:1.x', 'at+jwt'], wlcgRead: 'storage.read' },
] as const
describe.each(READERS.filter(({ peer }) => isWanted(peer)))(
  'tokens made here are verified and enforced by $peer:',
  ({ peer, profiles, wlcgRead }) => {
    let library: Implementation
    beforeAll(async () => {
      library = await openPeer(peer)
    }, 300_000)
    afterAll(() => library?.close?.())

    const ask = (token: string, authz: string, path: string): Promise<Answer | CannotAnswer | Ended> =>
      library
        .createVerifier({ issuers: [ISSUER], audience: [SERVER], profiles: 'compat', clockTolerance: 0 })
        .ask({ token, request: { op: 'test', authz, path }, now: Date.now() / 1000, published: published() })
    const ALLOWED = { outcome: 'allow' }
    // These libraries have one word for every kind of no.
    const REFUSED = { outcome: expect.stringMatching(/^(?:deny|invalid|error)$/) as string }

    const combinations = profiles.flatMap((profile) => ALGORITHMS.map((alg) => ({ profile, alg })))
    test.each(combinations)('$profile with $alg', async ({ profile, alg }) => {
      const read = profile === 'wlcg:1.x' ? wlcgRead : 'read'
      const { signing } = pairs[alg]
      const token = await sign(profile, signing)
      expect(await ask(token, read, '/store/x')).toMatchObject(ALLOWED)
      expect(await ask(token, read, '/elsewhere')).toMatchObject(REFUSED)
      expect(await ask(token, 'write', '/store/x')).toMatchObject(REFUSED)
      expect(await ask(await sign(profile, strangers[alg]), read, '/store/x')).toMatchObject(REFUSED)
      expect(await ask(await sign(profile, signing, {}, 3600), read, '/store/x')).toMatchObject(REFUSED)
      expect(await ask(await sign(profile, signing, { aud: 'https://b.example' }), read, '/store/x')).toMatchObject(
        REFUSED,
      )
      expect(await ask(await sign(profile, signing, { iss: 'https://b.example' }), read, '/store/x')).toMatchObject(
        REFUSED,
      )
      expect(await ask(await sign(profile, signing, { aud: ['x', SERVER] }), read, '/store')).toMatchObject(ALLOWED)
    })
  },
)

describe.each([
  { maker: 'scitokens-cpp', prepare: cppMaker, profiles: ['scitoken:1.0', 'scitoken:2.0', 'wlcg:1.x', 'at+jwt'] },
  { maker: 'Python', prepare: pythonMaker, profiles: ['scitoken:1.0', 'scitoken:2.0', 'wlcg:1.x'] },
  // scitokens-go cannot sign: the JWT library below it does.
  { maker: 'jwx (Go)', prepare: goMaker, profiles: ['scitoken:1.0', 'scitoken:2.0', 'wlcg:1.x'] },
] as const)('tokens made by $maker are verified and enforced here:', ({ prepare, profiles }) => {
  let make: Maker
  beforeAll(async () => {
    make = await prepare(directory)
  }, 300_000)

  const combinations = profiles.flatMap((profile) => ALGORITHMS.map((alg) => ({ profile, alg })))
  test.each(combinations)('$profile with $alg', async ({ profile, alg }) => {
    const client = profile === 'at+jwt' ? { client_id: 'c' } : {}
    const claims = { sub: 'ana', aud: SERVER, scope: readScope(profile), ...client }
    const order = { key: pairs[alg].files, issuer: ISSUER, profile, lifetime: 600 }
    const token = await make({ ...order, claims })
    const judge = async (text: string, path = '/store/x', laterS = 0) => {
      const enforcer = new Enforcer({
        issuers: ISSUER,
        keys: published(),
        audience: SERVER,
        clock: () => Date.now() / 1000 + laterS,
      })
      const decision = await enforcer.decide(text, { authz: 'read', path })
      return decision.allowed ? 'allowed' : decision.code
    }
    expect(await judge(token)).toBe('allowed')
    expect(await judge(token, '/elsewhere')).toBe('scope_denied')
    expect(await judge(token, '/store/x', 700)).toBe('expired')
    const [header, payload, signature] = token.split('.') as [string, string, string]
    expect(await judge(`${header}.${payload}.${mirrored(signature)}`)).toBe('bad_signature')
    expect(await judge(await make({ ...order, claims: { ...claims, aud: 'https://b.example' } }))).toBe('aud_mismatch')
    expect(await judge(await make({ ...order, issuer: 'https://b.example', claims }))).toBe('untrusted_issuer')
    expect(await judge(await make({ ...order, claims: { ...claims, aud: ['x', SERVER] } }))).toBe('allowed')
  })
})

/** Another signature of the same length: its bytes in reverse. */
function mirrored(signature: string): string {
  return Buffer.from(new Uint8Array(Buffer.from(signature, 'base64url')).toReversed()).toString('base64url')
}
