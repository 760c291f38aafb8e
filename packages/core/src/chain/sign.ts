import { type Algorithm, DEFAULT_ALGORITHMS } from '../jose/algorithms.ts'
import { asInvalidRequest } from '../token/as-invalid-request.ts'
import { bareJwk, parseChain } from './chain.ts'
import { linkPayload } from './link.ts'
import type { ChainParent } from './parent.ts'
import { ConfigError, InvalidRequestError } from '../errors.ts'
import type { JsonObject } from '../jose/json.ts'
import type { Jwk } from '../jose/jwk.ts'
import { CHAIN_PROFILE } from '../claims/profile-rules.ts'
import { CHAIN_TYPE, CHAIN_VERSION } from '../claims/profiles.ts'
import { checkPublicJwk, hasPrivateMembers } from '../keys/public-jwk.ts'
import { checkSigner, completeClaims, readClock, signJws, type SignOptions } from '../token/sign.ts'

/** Options of {@link signBaseToken}. */
export interface BaseTokenOptions extends Omit<SignOptions, 'profile' | 'wlcgVersion'> {
  /** The public key of whoever may derive from the token. It is an ES256 or RS256 key unless `algorithms` says more. */
  readonly cwk: Jwk
}

/**
 * Signs a base token: one from which its holder can derive narrower ones. By itself no server accepts it. Its claims are those
 * of `scitoken:2.0`, and `aud` and `scope` must be there, as every child has its own within them.
 *
 * Throws what {@link signToken} throws; `unsupported_key`, `weak_key`, `unsupported_alg` (family `config`) for the `cwk`.
 */
export async function signBaseToken({ cwk, ...options }: BaseTokenOptions): Promise<string> {
  const { signer } = options
  checkSigner(signer, options.algorithms)
  const claims = { ...completeClaims(options, CHAIN_PROFILE), ver: CHAIN_VERSION }
  const header = {
    alg: signer.alg,
    typ: CHAIN_TYPE,
    kid: signer.kid,
    crit: ['cwk'],
    cwk: publicPart(cwk, options.algorithms),
  }
  return checked(await signJws(signer, header, linkPayload(claims)))
}

/** What a derived token says and who may derive from it in turn. */
export interface ChildTokenOptions extends Pick<SignOptions, 'clock' | 'backdate' | 'algorithms'> {
  readonly parent: ChainParent
  /** Everything but the times, the version and `jti`. */
  readonly claims: JsonObject
  /** Seconds from now to `exp`. Default: 600, or what is left of the parent. */
  readonly lifetime?: number
  /** The public key of whoever may derive from the token. Default: none, so that the token is a leaf. */
  readonly cwk?: Jwk
}

/**
 * Signs a token derived from another with the parent's key.
 *
 * Throws, family `invalid_request`: `widened_chain` for whatever the parent does not have, `expired` for a parent that is,
 * and what {@link signToken} throws.
 */
export async function signChildToken(options: ChildTokenOptions): Promise<string> {
  const { parent, cwk, algorithms } = options
  const signer = await parent.signer()
  checkSigner(signer, algorithms)
  const before = parent.claims
  const { iat, nbf, exp } = childTimes(options)
  const complete = completeClaims({ signer, claims: options.claims }, CHAIN_PROFILE)
  const claims: JsonObject = {
    ...complete,
    ver: CHAIN_VERSION,
    iat,
    exp,
    ...(Object.hasOwn(before, 'nbf') ? { nbf } : {}),
  }
  const own = Object.entries(claims).filter(([name]) =>
    name !== 'nbf' && name !== 'jti' ? true : Object.hasOwn(before, name),
  )
  const extensions = cwk ? { crit: ['pwt', 'cwk'], cwk: publicPart(cwk, algorithms) } : { crit: ['pwt'] }
  const header = { alg: signer.alg, typ: CHAIN_TYPE, ...extensions, pwt: parent.token }
  return checked(await signJws(signer, header, linkPayload(Object.fromEntries(own))))
}

/** Never wider than the parent's; a lifetime that was asked for is refused rather than cut. */
function childTimes(options: ChildTokenOptions): { iat: number; nbf: number; exp: number } {
  const { parent, lifetime } = options
  const { now, past } = readClock(options)
  const last = Math.floor(parent.claims['exp'] as number)
  if (last <= now) throw new InvalidRequestError('expired', 'the parent token has expired', { claim: 'exp' })
  if (lifetime !== undefined && !(Number.isFinite(lifetime) && lifetime > 0)) {
    throw new InvalidRequestError('invalid_claim', 'a lifetime must be more than zero seconds', { claim: 'exp' })
  }
  const exp = lifetime === undefined ? Math.min(now + 600, last) : now + Math.ceil(lifetime)
  if (exp > last) {
    const message = `the parent token lives ${last - now} s more: a derived token cannot live longer`
    throw new InvalidRequestError('widened_chain', message, { claim: 'exp' })
  }
  const begin = parent.claims['nbf']
  return { iat: past, nbf: typeof begin === 'number' ? Math.max(past, Math.ceil(begin)) : past, exp }
}

function publicPart(cwk: Jwk, algorithms: readonly Algorithm[] = []): JsonObject {
  if (hasPrivateMembers(cwk)) throw new ConfigError('unsupported_key', 'a cwk must be a public key', { claim: 'cwk' })
  const key = checkPublicJwk(cwk, false)
  if ('why' in key) throw new ConfigError(key.code, `the cwk cannot be used: ${key.why}`, { claim: 'cwk' })
  if (!key.algorithms.some((alg) => [...DEFAULT_ALGORITHMS, ...algorithms].includes(alg))) {
    throw new ConfigError('unsupported_alg', 'the cwk signs by an algorithm that was not asked for', { claim: 'cwk' })
  }
  return bareJwk(key.jwk) as JsonObject
}

/** What verifiers would refuse is not handed out. */
function checked(token: string): string {
  asInvalidRequest(() => parseChain(token))
  return token
}
