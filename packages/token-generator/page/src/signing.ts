import { type Jwk, type JsonObject, type ProfileName, signBaseToken, SigningKey } from '@scitokens/core'
import { signFreely } from '../../src/tokens/free-token.ts'
import type { Sample } from '../../src/tokens/samples.ts'
import { SERVER_PATIENCE_MS } from './to-server.ts'

/** What shall be signed. */
export interface Wish {
  readonly payload: JsonObject
  readonly algorithm: 'ES256' | 'RS256'
  readonly profile: ProfileName
  /** Of whoever may derive from the token. */
  readonly cwk?: Jwk
}

/** Who signs: the server, or a key of this page. */
export interface TokenSource {
  readonly issuer: string
  issue(wish: Wish): Promise<string>
  sample(sample: Sample, algorithm: Wish['algorithm']): Promise<string>
}

/** The server could not be reached, or did not want to. */
export class SourceError extends Error {
  /** Whether another try may help: there is no network, or too much was asked for. */
  readonly isUnreachable: boolean

  constructor(message: string, isUnreachable: boolean) {
    super(message)
    this.isUnreachable = isUnreachable
  }
}

/** The demonstration that this page came from. It is sent the payload, and never a token. */
export function serverSource(issuer: string): TokenSource {
  return {
    issuer,
    issue: (wish) => ask('issue', { method: 'POST', body: JSON.stringify(wish) }),
    sample: ({ name }, algorithm) => ask(`samples/${name}?algorithm=${algorithm}`, {}),
  }
}

async function ask(path: string, init: RequestInit): Promise<string> {
  let answer: Response
  let text: string
  try {
    answer = await fetch(path, { ...init, signal: AbortSignal.timeout(SERVER_PATIENCE_MS) })
    text = await answer.text()
  } catch {
    throw new SourceError('The server cannot be reached.', true)
  }
  if (!answer.ok) throw new SourceError(text.slice(0, 300), answer.status === 429 || answer.status >= 500)
  return text
}

/** The name under which this page signs. Nobody else trusts it. */
export const BROWSER_ISSUER = 'https://this-page.invalid'

/** A source whose key is made in this page and never leaves it. */
export interface BrowserSource extends TokenSource {
  readonly jwks: { readonly keys: readonly Jwk[] }
}

/** Makes the keys of this page: it can go on without a network. */
export async function browserSource(clock: () => number): Promise<BrowserSource> {
  const [es256, rs256, stranger] = await Promise.all([
    SigningKey.generate('ES256', { kid: 'page-es256' }),
    SigningKey.generate('RS256', { kid: 'page-rs256' }),
    SigningKey.generate('ES256'),
  ])
  const signerFor = (algorithm: Wish['algorithm']): SigningKey => (algorithm === 'RS256' ? rs256 : es256)
  return {
    issuer: BROWSER_ISSUER,
    jwks: { keys: [es256.publicJwk, rs256.publicJwk] },
    issue: (wish) => signHere(signerFor(wish.algorithm), wish, Math.floor(clock())),
    sample: (sample, algorithm) => {
      const signer = signerFor(algorithm)
      const { publicJwk } = signer
      const now = Math.floor(clock())
      return sample.make({ issuer: BROWSER_ISSUER, audience: BROWSER_ISSUER, signer, publicJwk, stranger, now })
    },
  }
}

const LIFETIME = 600

/** As the server does it. */
function signHere(signer: SigningKey, { payload, profile, cwk }: Wish, now: number): Promise<string> {
  const { ver: _v, 'wlcg.ver': _w, iat: _i, nbf: _n, exp, ...rest } = payload
  const usual = now + LIFETIME
  const end = typeof exp === 'number' && exp > usual ? Math.min(exp, now + 86_400) : usual
  const named = { aud: BROWSER_ISSUER, ...rest, iss: BROWSER_ISSUER }
  if (cwk) return signBaseToken({ signer, cwk, claims: named, lifetime: end - now, clock: () => now })
  const version: JsonObject =
    profile === 'wlcg:1.x' ? { 'wlcg.ver': '1.0' } : profile === 'at+jwt' ? {} : { ver: profile }
  const jti = payload['jti'] ?? crypto.randomUUID()
  const claims = { ...version, ...named, jti, iat: now - 5, nbf: now - 5, exp: end }
  return signFreely(signer, claims, profile === 'at+jwt' ? { typ: 'at+jwt' } : {})
}
