// Runs in browsers too: the page shows the same samples, signed with a key of its own where there is no network.
import { type ErrorCode, type JsonObject, type Jwk, signBaseToken, type Signer } from '@scitokens/core'
import { signFreely, signingInput, toBase64url } from './free-token.ts'

/** What samples are made of. */
export interface SampleContext {
  readonly issuer: string
  readonly audience: string
  /** The issuer's key. */
  readonly signer: Signer
  /** Its public half, as published. */
  readonly publicJwk: Jwk
  /** A key that nobody published. */
  readonly stranger: Signer & { readonly publicJwk: Jwk }
  /** Seconds since the epoch. */
  readonly now: number
}

/** A token of which it is known what a verifier has to say. */
export interface Sample {
  readonly name: string
  readonly title: string
  /** What is wrong with it, and why that has to be noticed. */
  readonly explanation: string
  /** The question that is put to it; it does not matter where the token is refused altogether. */
  readonly question: { readonly authz: string; readonly path: string }
  /** The right answer: undefined is a yes, else the code of the refusal. */
  readonly code: ErrorCode | undefined
  readonly make: (context: SampleContext) => Promise<string>
}

const QUESTION = { authz: 'read', path: '/data/john/set1' }

/** Claims of a token that is good. */
function good({ issuer, audience, now }: SampleContext): Record<string, JsonObject[string]> {
  return {
    ver: 'scitoken:2.0',
    iss: issuer,
    sub: 'john',
    aud: audience,
    scope: 'read:/data/john',
    iat: now - 5,
    nbf: now - 5,
    exp: now + 600,
    jti: crypto.randomUUID(),
  }
}

/** A sample that differs from a good token in claims or header. */
function differing(claims: (context: SampleContext) => JsonObject, header?: JsonObject): Sample['make'] {
  return (context) => signFreely(context.signer, { ...good(context), ...claims(context) }, header)
}

function without(name: string): Sample['make'] {
  return (context) => {
    const { [name]: _, ...claims } = good(context)
    return signFreely(context.signer, claims)
  }
}

/** The last bit of the first byte of the signature is turned. */
function flipSignature(token: string): string {
  const at = token.lastIndexOf('.') + 1
  return token.slice(0, at) + (token[at] === 'A' ? 'B' : 'A') + token.slice(at + 1)
}

type Row = Omit<Sample, 'question'> & { readonly question?: Sample['question'] }

const ROWS: readonly Row[] = [
  {
    name: 'good',
    title: 'A good token',
    explanation: 'Nothing is wrong with it. All the others differ from it in one thing.',
    code: undefined,
    make: differing(() => ({})),
  },
  {
    name: 'good-wlcg',
    title: 'A good WLCG token',
    explanation: 'The same right in the words of the WLCG profile: another version claim, another name for reading.',
    code: undefined,
    question: { authz: 'storage.read', path: '/data/john/set1' },
    make: (context) => {
      const { ver: _, ...claims } = good(context)
      const wlcg = { 'wlcg.ver': '1.0', 'wlcg.groups': ['/vo/john'], scope: 'storage.read:/data/john' }
      return signFreely(context.signer, { ...claims, ...wlcg })
    },
  },
  {
    name: 'expired',
    title: 'Expired',
    explanation: 'Its time is over since a minute. There is no grace for exp: a stolen token must die on time.',
    code: 'expired',
    make: differing(({ now }) => ({ iat: now - 665, nbf: now - 665, exp: now - 60 })),
  },
  {
    name: 'not-yet-valid',
    title: 'Not yet valid',
    explanation: 'nbf lies an hour ahead: it was made to be used later. A minute would be forgiven, clocks differ.',
    code: 'not_yet_valid',
    make: differing(({ now }) => ({ nbf: now + 3600, exp: now + 7200 })),
  },
  {
    name: 'no-expiry',
    title: 'Without an end',
    explanation: 'It has no exp and would be good for ever. Every profile requires one.',
    code: 'missing_claim',
    make: without('exp'),
  },
  {
    name: 'exp-as-text',
    title: 'Time as text',
    explanation: 'exp is a text. Whoever compares it with a number may find that it never comes.',
    code: 'invalid_claim',
    make: differing(({ now }) => ({ exp: String(now + 600) })),
  },
  {
    name: 'wrong-audience',
    title: 'Meant for somebody else',
    explanation:
      'aud names another service. Accepting it would let that service use the tokens it gets against this one.',
    code: 'aud_mismatch',
    make: differing(() => ({ aud: 'https://another-service.example' })),
  },
  {
    name: 'no-audience',
    title: 'Meant for nobody in particular',
    explanation: 'It has no aud, which SciTokens 2.0 requires.',
    code: 'missing_claim',
    make: without('aud'),
  },
  {
    name: 'wrong-issuer',
    title: 'Of an unknown issuer',
    explanation: 'iss is not one that the service trusts. Nothing must be fetched from there.',
    code: 'untrusted_issuer',
    make: differing(({ issuer }) => ({ iss: `${issuer}.attacker.example` })),
  },
  {
    name: 'bad-signature',
    title: 'Damaged signature',
    explanation: 'One character of the signature was changed.',
    code: 'bad_signature',
    make: async (context) => flipSignature(await signFreely(context.signer, good(context))),
  },
  {
    name: 'changed-claims',
    title: 'Claims changed after signing',
    explanation: 'Its holder wrote a wider scope into it and kept the signature of the old one.',
    code: 'bad_signature',
    make: async (context) => {
      const [header, , signature] = (await signFreely(context.signer, good(context))).split('.')
      const [, claims] = signingInput({}, { ...good(context), scope: 'read:/ write:/' }).split('.')
      return `${header}.${claims}.${signature}`
    },
  },
  {
    name: 'foreign-key',
    title: "Signed with a stranger's key",
    explanation: "It names the issuer's key, and was signed with another.",
    code: 'bad_signature',
    make: (context) => signFreely(context.stranger, good(context), { kid: context.signer.kid }),
  },
  {
    name: 'own-key-in-header',
    title: 'Brings its own key',
    explanation:
      'The header carries the public key that fits its signature. A key is found by issuer and kid, never in the token.',
    code: 'bad_signature',
    make: (context) => {
      const { stranger, signer } = context
      return signFreely(stranger, good(context), { kid: signer.kid, jwk: stranger.publicJwk as JsonObject })
    },
  },
  {
    name: 'wrong-kid',
    title: 'Names a key that does not exist',
    explanation:
      'No published key has its kid. A verifier may look once more whether there is a new one, not more often.',
    code: 'key_not_found',
    make: differing(() => ({}), { kid: 'no-such-key' }),
  },
  {
    name: 'alg-none',
    title: 'Not signed at all',
    explanation: 'The header says alg none. That is no algorithm, whoever says it.',
    code: 'unsupported_alg',
    make: async (context) => `${signingInput({ alg: 'none', typ: 'JWT' }, good(context))}.`,
  },
  {
    name: 'alg-hmac',
    title: 'Public key as password',
    explanation: 'HS256 with the public key as the shared secret: who takes the algorithm from the token is fooled.',
    code: 'unsupported_alg',
    make: async (context) => {
      const input = signingInput({ alg: 'HS256', typ: 'JWT', kid: context.signer.kid }, good(context))
      const bytes = (text: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(text)
      const hmac = { name: 'HMAC', hash: 'SHA-256' }
      const key = await crypto.subtle.importKey('raw', bytes(JSON.stringify(context.publicJwk)), hmac, false, ['sign'])
      return `${input}.${toBase64url(new Uint8Array(await crypto.subtle.sign(hmac, key, bytes(input))))}`
    },
  },
  {
    name: 'traversal',
    title: 'Climbs out of its directory',
    explanation:
      'The scope has .. in it. Such a scope is refused, not resolved: two programs would resolve it in two ways.',
    code: 'invalid_scope',
    make: differing(() => ({ scope: 'read:/data/john/../paul' })),
  },
  {
    name: 'encoded-traversal',
    title: 'Climbs out, in disguise',
    explanation: 'The same with %2e%2e. It becomes .. as soon as somebody decodes it.',
    code: 'invalid_scope',
    make: differing(() => ({ scope: 'read:/data/john/%2e%2e/paul' })),
  },
  {
    name: 'relative-path',
    title: 'Path without a root',
    explanation: 'read:data/john does not say where data is.',
    code: 'invalid_scope',
    make: differing(() => ({ scope: 'read:data/john' })),
  },
  {
    name: 'scope-as-list',
    title: 'Scope as a list',
    explanation: 'scope is a list of texts. The claim is one text with spaces between (RFC 8693 section 4.2).',
    code: 'invalid_claim',
    make: differing(() => ({ scope: ['read:/data/john'] })),
  },
  {
    name: 'sibling-path',
    title: 'The neighbour with the longer name',
    explanation:
      'It may read /data/john, and the question is about /data/johnathan. Paths are compared by their parts, not as text.',
    code: 'scope_denied',
    question: { authz: 'read', path: '/data/johnathan/set1' },
    make: differing(() => ({})),
  },
  {
    name: 'other-operation',
    title: 'Right path, other operation',
    explanation: 'It may write there, and the question is about reading. In SciTokens neither includes the other.',
    code: 'scope_denied',
    make: differing(() => ({ scope: 'write:/data/john' })),
  },
  {
    name: 'no-scope',
    title: 'Without any right',
    explanation: 'It says who, and not what. Without scope a SciToken allows nothing.',
    code: 'missing_claim',
    make: without('scope'),
  },
  {
    name: 'bound-to-a-key',
    title: 'Bound to a key that nobody asks for',
    explanation:
      'cnf says which certificate its bearer must show. A service that checks no certificate must refuse it: a thief has the token, not the key.',
    code: 'proof_missing',
    make: differing(() => ({ cnf: { 'x5t#S256': 'bwcK0esc3ACC3DB2Y5_lESsXE8o9ltc05O89jdN-dg2' } })),
  },
  {
    name: 'unknown-version',
    title: 'Version of the future',
    explanation: 'ver is scitoken:9.0. Nobody knows yet what its claims will mean.',
    code: 'unsupported_version',
    make: differing(() => ({ ver: 'scitoken:9.0' })),
  },
  {
    name: 'two-versions',
    title: 'Two profiles at once',
    explanation: 'It has ver and wlcg.ver, and the same scope may mean different things in them.',
    code: 'profile_mismatch',
    make: differing(() => ({ 'wlcg.ver': '1.0' })),
  },
  {
    name: 'claim-twice',
    title: 'One claim, two values',
    explanation: 'scope stands in it twice. One parser takes the first and another the last.',
    code: 'malformed_token',
    make: (context) => {
      const text = JSON.stringify(good(context))
      return signFreely(context.signer, `${text.slice(0, -1)},"scope":"read:/"}`)
    },
  },
  {
    name: 'claims-in-array',
    title: 'Claims in an array',
    explanation:
      'Its payload is an array with good claims in it. A claims set is an object (RFC 7519 section 7.2). The links of chains ' +
      'are made like this, so that no verifier takes them for tokens.',
    code: 'malformed_token',
    make: (context) => signFreely(context.signer, JSON.stringify([good(context)])),
  },
  {
    name: 'padded',
    title: 'Padding where none belongs',
    explanation:
      'A = stands after the signature. A token has one spelling, or lists of revoked ones can be walked around.',
    code: 'malformed_token',
    make: async (context) => `${await signFreely(context.signer, good(context))}=`,
  },
  {
    name: 'unknown-crit',
    title: 'Demands an extension nobody knows',
    explanation:
      'The header lists an extension under crit: who does not know it must refuse (RFC 7515 section 4.1.11).',
    code: 'malformed_token',
    make: differing(() => ({}), { crit: ['exclusive'], exclusive: true }),
  },
  {
    name: 'parent',
    title: 'The parent of a chain, by itself',
    explanation:
      'Others derive narrower tokens from it and hand it on inside of those: alone it would undo every restriction.',
    code: 'parent_not_accepted',
    make: async ({ signer, stranger, issuer, audience }) =>
      signBaseToken({
        signer,
        cwk: stranger.publicJwk,
        claims: { iss: issuer, sub: 'john', aud: audience, scope: 'read:/data/john' },
      }),
  },
]

/** All samples. Each is refused (or allowed) for one reason, which every verifier should find. */
export const SAMPLES: readonly Sample[] = ROWS.map((row) => ({ question: QUESTION, ...row }))
