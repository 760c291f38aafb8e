import * as fc from 'fast-check'
import { expect, test, vi } from 'vitest'
import {
  attenuate,
  decodeUnverified,
  KeySet,
  parseRequestPath,
  parseScope,
  parseScopePath,
  parseScopes,
  publicJwkFromPem,
  SciToken,
  SciTokenError,
  SigningKey,
  splitKeyedToken,
  thumbprint,
  verifyToken,
} from '../src/index.ts'
import { checkIssuerIdentifier, parseAudience, parseGroups, parseJsonObject, quote } from '../src/internal.ts'
import { normalizeScopeClaim } from '../src/claims/scopes.ts'
import { createTestIssuer } from '../src/testing.ts'
import { forge, part } from './tokens.ts'

// Much work, and the machine may have other work.
vi.setConfig({ testTimeout: 180_000 })

const issuer = await createTestIssuer()
const good = await issuer.sign({ aud: 'x', scope: 'read:/a' })
const keyed = await new SciToken({
  key: issuer.key,
  claims: { iss: issuer.issuer, aud: 'x', scope: 'read:/a' },
}).serialize({ includeKey: true, lifetime: 3600 })
const leaf = await attenuate({ token: keyed })

/** The outcome of a piece of work: what it gave, or the code it was refused with. Anything else fails the test. */
async function outcome<T>(work: () => T): Promise<{ value?: Awaited<T>; code?: string }> {
  try {
    return { value: await work() }
  } catch (error) {
    if (error instanceof SciTokenError) return { code: error.code }
    throw error
  }
}

const verify = (text: unknown): Promise<{ value?: unknown; code?: string }> =>
  outcome(() => verifyToken(text as string, { keys: issuer.keys, chains: true }))

const anything = fc.anything({
  withBigInt: true,
  withDate: true,
  withMap: true,
  withTypedArray: true,
  withNullPrototype: true,
})
// Half of the objects have members that some reader looks for.
const members = [
  'alg',
  'typ',
  'kid',
  'crit',
  'cwk',
  'pwt',
  'b64',
  'zip',
  'iss',
  'sub',
  'aud',
  'exp',
  'nbf',
  'iat',
  'jti',
  'ver',
]
const json = fc.oneof(
  fc.jsonValue({ maxDepth: 4 }),
  fc.dictionary(
    fc.constantFrom(...members, 'wlcg.ver', 'scope', '__proto__', 'constructor'),
    fc.jsonValue({ maxDepth: 2 }),
  ),
)
const text = fc.oneof(fc.string({ unit: 'binary' }), fc.string(), fc.constantFrom(good, keyed, leaf))

/** A token with a few characters inserted, left out, exchanged or moved. */
const mutated = fc
  .tuple(
    fc.constantFrom(good, keyed, leaf),
    fc.array(fc.tuple(fc.nat(4000), fc.constantFrom('', '.', '=', 'A', 'eyJ', '-', '_', '\n', '%', 'é')), {
      minLength: 1,
      maxLength: 4,
    }),
    fc.boolean(),
  )
  .map(([token, edits, insert]) =>
    edits.reduce((now, [at, what]) => {
      const index = at % (now.length + 1)
      return now.slice(0, index) + what + now.slice(insert ? index : index + 1)
    }, token),
  )

test('random text and mutated tokens are refused with a code, and a mutation is never accepted', async () => {
  await fc.assert(
    fc.asyncProperty(fc.oneof(mutated, text, anything), async (input) => {
      const { value } = await verify(input)
      // What is accepted is, to the letter, what was signed.
      if (value !== undefined) expect([good, leaf]).toContain(input)
      await outcome(() => decodeUnverified(input as string))
      await outcome(() => splitKeyedToken(input as string))
      await outcome(() => attenuate({ token: input as string }))
      await outcome(() => new SciToken({ parent: input as string }))
    }),
    { numRuns: 600 },
  )
})

test('a signature makes no header and no claims set dangerous', async () => {
  await fc.assert(
    fc.asyncProperty(json, json, async (head, claims) => {
      const both = [
        [head, claims],
        [{ alg: 'ES256', kid: issuer.key.kid, ...(head as object) }, claims],
        [
          { alg: 'ES256', kid: issuer.key.kid },
          { iss: issuer.issuer, ...(claims as object) },
        ],
        [
          { alg: 'ES256', kid: issuer.key.kid, typ: 'scitoken-chain+jwt', ...(head as object) },
          { iss: issuer.issuer, ver: 'scitoken-chain:1.0', aud: 'x', exp: 1, iat: 1, scope: '', ...(claims as object) },
        ],
      ] as const
      for (const [header, body] of both) {
        // oxlint-disable-next-line no-await-in-loop -- one after the other, so that a failure names its input
        const { value } = await verify(await forge(issuer.key, header, body))
        if (value !== undefined) expect(value).toMatchObject({ issuer: issuer.issuer })
      }
    }),
    { numRuns: 300 },
  )
})

test('JSON of any depth, with any names, is read or refused', async () => {
  const raw = fc.oneof(
    fc.uint8Array({ maxLength: 60 }),
    fc
      .string({ unit: fc.constantFrom('{', '}', '[', ']', '"', ':', ',', 'a', '\\', 'u', '0', '1', 'e', '-', ' ') })
      .map((s) => new TextEncoder().encode(s)),
    fc.json().map((s) => new TextEncoder().encode(s)),
  )
  await fc.assert(
    fc.asyncProperty(raw, async (bytes) => {
      const { value } = await outcome(() => parseJsonObject(bytes, 'x'))
      if (value) expect(value).toEqual(JSON.parse(new TextDecoder().decode(bytes)))
      await verify(`${part(bytes)}.${part(bytes)}.${part('x')}`)
    }),
    { numRuns: 1000 },
  )
})

test('what comes out of a claim, a request or a configuration is read or refused', async () => {
  await fc.assert(
    fc.asyncProperty(fc.oneof(text, anything, json), async (input) => {
      const value = input as never
      for (const read of [parseScopes, parseScope, normalizeScopeClaim, parseScopePath, parseRequestPath]) {
        // oxlint-disable-next-line no-await-in-loop -- one after the other, so that a failure names its reader
        await outcome(() => read(value))
      }
      for (const read of [parseAudience, parseGroups, checkIssuerIdentifier]) {
        // oxlint-disable-next-line no-await-in-loop -- as above
        await outcome(() => read(value))
      }
      expect(quote(input)).toMatch(/^".*"$/)
      await outcome(() => new SciToken({ claims: { a: value } }))
      await outcome(() => new SciToken().set(value, value))
    }),
    { numRuns: 1500 },
  )
})

const jwk = issuer.key.exportJwk()
const jwkLike = fc
  .tuple(
    fc.constantFrom(jwk, issuer.key.publicJwk),
    fc.dictionary(
      fc.constantFrom('kty', 'crv', 'x', 'y', 'd', 'n', 'e', 'use', 'alg', 'kid', 'key_ops'),
      fc.jsonValue(),
    ),
  )
  .map(([base, change]) => ({ ...base, ...change }))

test('whatever an issuer publishes and whatever is handed over as a key is used or refused', async () => {
  await fc.assert(
    fc.asyncProperty(fc.oneof(jwkLike, json, anything), async (input) => {
      const { value } = await outcome(() => KeySet.fromJwks({ keys: [input] }))
      expect(value!.keys.length + value!.dropped.length).toBe(1)
      await outcome(() => KeySet.fromJwks(input))
      await outcome(() => SigningKey.from(input as never))
      await outcome(() => thumbprint(input as never))
    }),
    { numRuns: 400 },
  )
})

test('PEM text that was changed is a key or refused', async () => {
  const pem = await issuer.key.exportPem()
  const spki = await issuer.key.exportPublicPem()
  const edit = fc.tuple(fc.nat(pem.length), fc.constantFrom('', 'A', '=', '\n', '-', 'é'))
  await fc.assert(
    fc.asyncProperty(edit, async ([at, what]) => {
      await outcome(() => SigningKey.fromPem(pem.slice(0, at) + what + pem.slice(at + 1)))
      await outcome(() => publicJwkFromPem(spki.slice(0, at) + what + spki.slice(at + 1)))
    }),
    { numRuns: 200 },
  )
})
