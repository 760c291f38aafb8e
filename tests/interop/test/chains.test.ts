// Whoever receives a child of a token chain has its parents too, so nobody may take a parent for a token: not the base, not a middle
// link, by no verifier of the field (docs/chains.md). A refusal shows something only where the same verifier, with the same key, takes
// an ordinary token.
import {
  attenuate,
  type JsonObject,
  joinKeyedToken,
  SciToken,
  SigningKey,
  signBaseToken,
  signToken,
} from '@scitokens/core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { isWanted } from '../src/libraries/left-out.ts'
import { type Ask, type Question, VERIFIERS } from '../src/verifiers/verifiers.ts'

const ISSUER = 'https://vo.example.org'
const SERVER = 'https://storage.example.org'
const CLAIMS = { iss: ISSUER, sub: 'ana', aud: SERVER, scope: 'read:/store' }

/** Verifiers that look at none of `typ`, `crit` and `ver`: only the array stops them. */
const BELIEVE_ANY_CLAIMS_SET = ['golang-jwt', 'python-jose', 'nimbus-by-hand']

/** A link of a chain, and what there is to compare it with. */
interface Link {
  readonly name: string
  readonly token: string
  /** Whose signature it has. */
  readonly signer: SigningKey
  /** An ordinary token with the same claims, signed by the same key. */
  readonly plain: string
  /** The ordinary token with its claims in an array, as those of a link. */
  readonly plainInArray: string
  /** The link as it would be if it were a JWT: the same header, and a claims set as payload. */
  readonly asJwt: string
}

async function makeLinks(alg: 'ES256' | 'RS256'): Promise<readonly Link[]> {
  const [issuer, first, second] = await Promise.all([1, 2, 3].map(() => SigningKey.generate(alg)))
  const base = await signBaseToken({ signer: issuer!, cwk: first!.publicJwk, claims: CLAIMS })
  const middle = await attenuate({ token: joinKeyedToken(base, first!), cwk: second!.publicJwk })
  const leaf = await attenuate({ token: joinKeyedToken(middle, second!) })
  // What whoever receives the leaf takes out of it.
  const parentOf = (token: string): unknown => SciToken.decode(token).unverifiedHeader['pwt']
  expect([parentOf(leaf), parentOf(middle)]).toEqual([middle, base])
  const links = [
    { name: 'the base', token: base, signer: issuer! },
    { name: 'the middle link', token: middle, signer: first! },
    { name: 'the leaf', token: leaf, signer: second! },
  ]
  return Promise.all(
    links.map(async (link) => {
      const plain = await signToken({ signer: link.signer, claims: CLAIMS })
      return {
        ...link,
        plain,
        plainInArray: await signedAgain(plain, link.signer, (claims) => [claims]),
        asJwt: await signedAgain(link.token, link.signer, (claims) => claims),
      }
    }),
  )
}

/** The same header and claims with another payload. */
async function signedAgain(
  token: string,
  signer: SigningKey,
  payload: (claims: JsonObject) => unknown,
): Promise<string> {
  const { unverifiedHeader, unverifiedClaims } = SciToken.decode(token)
  const input = [unverifiedHeader, payload(unverifiedClaims)]
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .join('.')
  return `${input}.${Buffer.from(await signer.sign(new TextEncoder().encode(input))).toString('base64url')}`
}

const AUDIENCES = [
  { audience: SERVER, checked: 'checked' },
  { audience: null, checked: 'not checked' },
] as const

describe.each(VERIFIERS.filter(({ name }) => isWanted(name)))('the verifiers of $name:', ({ libraries, open }) => {
  let opened: Awaited<ReturnType<typeof open>>
  beforeAll(async () => {
    opened = await open()
  }, 900_000)
  afterAll(() => opened?.close?.())

  describe.each(libraries)('%s', (library) => {
    const ask: Ask = (questions) => opened.ask(library)(questions)

    describe.each(['ES256', 'RS256'] as const)('with %s', (alg) => {
      let links: readonly Link[]
      beforeAll(async () => {
        links = await makeLinks(alg)
      })
      const question = (token: string, signer: SigningKey, audience: string | null): Question => ({
        token,
        alg,
        key: signer.publicJwk,
        issuer: ISSUER,
        audience,
      })

      test.each(AUDIENCES)(
        'takes a plain token of each key and refuses every link of a chain, its audience $checked',
        async ({ audience }) => {
          const questions = (form: 'plain' | 'plainInArray' | 'token'): Question[] =>
            links.map((link) => question(link[form], link.signer, audience))
          const answers = await ask([...questions('plain'), ...questions('token'), ...questions('plainInArray')])
          expect(answers.slice(0, 3)).toEqual([null, null, null])
          const refusals = [expect.any(String), expect.any(String), expect.any(String)]
          expect(answers.slice(3, 6)).toEqual(refusals)
          // Whatever else it looks at, the array by itself is enough.
          expect(answers.slice(6)).toEqual(refusals)
        },
      )

      const isCredulous = BELIEVE_ANY_CLAIMS_SET.includes(library)
      const what = isCredulous ? 'would take every link for a token' : 'looks at one of the other barriers'
      test(`${what}, if links had a claims set for payload`, async () => {
        const answers = await ask(links.map((link) => question(link.asJwt, link.signer, SERVER)))
        expect(answers.map((answer) => answer === null)).toEqual([isCredulous, isCredulous, isCredulous])
      })
    })
  })
})
