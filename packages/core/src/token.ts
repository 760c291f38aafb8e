import type { Algorithm } from './jose/algorithms.ts'
import { checkDerivedClaim, initialClaims } from './chain/claims.ts'
import { type ChainParent, joinKeyedToken, readParent } from './chain/parent.ts'
import { signBaseToken, signChildToken } from './chain/sign.ts'
import { decodeUnverified, type UnverifiedToken } from './decode.ts'
import { InvalidRequestError, quote } from './errors.ts'
import { given } from './internal/given.ts'
import { type JsonObject, type JsonValue, toJsonValue } from './jose/json.ts'
import type { Jwk } from './jose/jwk.ts'
import { CHAIN_PROFILE, DEFAULT_PROFILE, type ProfileName, profileRules } from './claims/profile-rules.ts'
import { type SignOptions, signToken } from './token/sign.ts'
import { type Signer, SigningKey, type SigningKeyInput } from './keys/signing-key.ts'
import type { VerifiedToken, VerifyOptions } from './token/verification.ts'
import { verifyToken } from './verify.ts'

/** Options of `new SciToken()`. */
export interface SciTokenOptions {
  /** What signs: a private key in any form, or a {@link Signer}. Default: a new ES256 key, made when first needed. */
  readonly key?: SigningKeyInput | Signer
  /** The algorithm that the token is signed with. Default: the key's own. */
  readonly alg?: Algorithm
  /** The `kid` by which the token names its key. Default: the key's own, else its RFC 7638 thumbprint. */
  readonly kid?: string
  /** Claims to start with. */
  readonly claims?: JsonObject
  /** The profile whose rules the token follows. Default: `scitoken:2.0`. */
  readonly profile?: ProfileName
  /**
   * The token to derive from, with its key as fourth part: as text, or as a SciToken that was serialized with `includeKey`.
   * The new token starts with all of its authorizations, is signed with its key, and can only restrict.
   */
  readonly parent?: string | SciToken
}

/** Options of {@link SciToken.serialize}: as {@link SignOptions}, and the issuer. */
export interface SerializeOptions extends Omit<SignOptions, 'signer' | 'claims' | 'profile'> {
  /** The issuer, which the token has as `iss`. Default: the claim `iss`. */
  readonly issuer?: string
  /**
   * Make the token one that can be derived from, with a new key, and append that key as fourth part. Whoever has the result
   * can derive; no server accepts it. Default: false.
   */
  readonly includeKey?: boolean
  /** Make the token one that the holder of this public key can derive from. The key itself is not known here. */
  readonly cwk?: Jwk
}

/**
 * A token: a map of claims that can be signed, or that was verified. After {@link SciToken.deserialize} every claim is
 * verified; a claim that is set afterwards is not, until the token is signed anew.
 */
export class SciToken implements Iterable<[string, JsonValue]> {
  readonly #claims: Map<string, JsonValue>
  readonly #unverified = new Set<string>()
  readonly #key: (() => Promise<Signer>) | undefined
  readonly #profile: ProfileName
  readonly #verified: VerifiedToken | undefined
  readonly #parent: ChainParent | undefined
  #keyed: string | undefined

  /** Makes a token that nobody has signed yet. Throws `invalid_request` for claims that JSON cannot carry, `widened_chain` for those that the parent does not have. */
  constructor(options: SciTokenOptions = {}) {
    const verified = (options as { [fromVerified]?: VerifiedToken })[fromVerified]
    this.#profile = options.profile ?? DEFAULT_PROFILE
    this.#verified = verified
    this.#parent = parentOf(options)
    this.#key = this.#parent?.signer ?? (verified ? undefined : keyOnDemand(options))
    const initial = verified?.claims ?? (this.#parent ? initialClaims(this.#parent) : {})
    this.#claims = new Map(Object.entries(initial))
    this.update(options.claims ?? {})
  }

  /** Verifies a token. See {@link verifyToken} for what is checked and thrown. */
  static async deserialize(text: string, options: VerifyOptions): Promise<SciToken> {
    return SciToken.fromVerified(await verifyToken(text, options))
  }

  /** @internal Makes a token of a verdict that is there already, as the enforcer does. */
  static fromVerified(verified: VerifiedToken): SciToken {
    return new SciToken({ profile: verified.profile, [fromVerified]: verified } as SciTokenOptions)
  }

  /** Reads a token without verifying it; the result is no SciToken. */
  static decode(text: string, maxLength?: number): UnverifiedToken {
    return decodeUnverified(text, maxLength)
  }

  /** How this token was verified; undefined for one that was made here. */
  get verified(): VerifiedToken | undefined {
    return this.#verified
  }

  /** The profile whose rules it follows. */
  get profile(): ProfileName {
    return this.#profile
  }

  /** The value of a claim, frozen, or undefined. With `verifiedOnly`, a claim that was set afterwards is not seen. */
  get(name: string, { verifiedOnly = false }: { verifiedOnly?: boolean } = {}): JsonValue | undefined {
    return verifiedOnly && !this.isVerified(name) ? undefined : this.#claims.get(name)
  }

  /** Whether there is a claim of this name. */
  has(name: string): boolean {
    return this.#claims.has(name)
  }

  /** Whether the value of this claim came with a verified token. */
  isVerified(name: string): boolean {
    return this.#verified !== undefined && this.#claims.has(name) && !this.#unverified.has(name)
  }

  /** Sets a claim, unverified. Throws `invalid_request` for what JSON cannot carry, `widened_chain` for what widens. */
  set(name: string, value: JsonValue): this {
    if (typeof name !== 'string') throw new InvalidRequestError('invalid_request', 'the name of a claim is a string')
    return this.update({ [name]: value })
  }

  /** Removes a claim, and tells whether it was there. Throws `invalid_request` in a derived token: what is left out would hold as the parent has it. */
  delete(name: string): boolean {
    if (this.#parent && this.#claims.has(name)) {
      throw new InvalidRequestError(
        'invalid_request',
        `a derived token has every claim of its parent: set ${quote(name)} instead`,
        {
          claim: name,
        },
      )
    }
    this.#unverified.delete(name)
    return this.#claims.delete(name)
  }

  /** Sets several claims at once, or none if one of them cannot be set. */
  update(claims: JsonObject): this {
    const copies = Object.entries(claims).map(([name, value]) => [name, this.#check(name, value)] as const)
    for (const [name, value] of copies) {
      this.#claims.set(name, value)
      this.#unverified.add(name)
    }
    return this
  }

  /** Names and values, in the order in which they were set. */
  [Symbol.iterator](): IterableIterator<[string, JsonValue]> {
    return this.#claims.entries()
  }

  /** A copy of all claims. */
  claims(): JsonObject {
    return structuredClone(Object.fromEntries(this.#claims))
  }

  /**
   * Signs the token as a compact JWS. Throws what {@link signToken} throws, and for a derived token `widened_chain` where
   * `lifetime` asks for more than its parent has.
   */
  async serialize(options: SerializeOptions = {}): Promise<string> {
    const { issuer, includeKey = false, cwk, ...signing } = options
    if (includeKey && cwk) {
      throw new InvalidRequestError('invalid_request', 'of a key given as cwk, the private half is not known here')
    }
    const claims = { ...Object.fromEntries(this.#claims), ...given({ iss: issuer }) }
    if (!includeKey) return this.#sign({ ...signing, claims }, cwk)
    const key = await SigningKey.generate('ES256')
    const text = joinKeyedToken(await this.#sign({ ...signing, claims }, key.publicJwk), key)
    this.#keyed = text
    return text
  }

  /** The signing key, made now if there was none. */
  async signer(): Promise<Signer> {
    if (!this.#key)
      throw new InvalidRequestError(
        'invalid_request',
        'this token was verified, not made here: it has no key to sign with',
      )
    return this.#key()
  }

  /** The claims, as {@link claims} gives them. */
  toJSON(): JsonObject {
    return this.claims()
  }

  #check(name: string, value: JsonValue): JsonValue {
    if (name === '' || !name.isWellFormed()) throw new InvalidRequestError('invalid_request', 'a claim needs a name')
    const copy = toJsonValue(value)
    if (copy === undefined) {
      throw new InvalidRequestError('invalid_request', `JSON cannot carry this value of the claim ${quote(name)}`, {
        claim: name,
      })
    }
    if (this.#parent) checkDerivedClaim(this.#parent, name, copy)
    return copy
  }

  /** Signs what this is: a derived token, a base that others derive from by `cwk`, or an ordinary token. */
  async #sign(options: Omit<SignOptions, 'signer' | 'profile'>, cwk: Jwk | undefined): Promise<string> {
    const signer = await this.signer()
    if (this.#parent) return signChildToken({ ...options, parent: this.#parent, ...given({ cwk }) })
    if (!cwk) return signToken({ ...options, signer, profile: this.#profile })
    if (!profileRules(this.#profile).isDerivable) {
      throw new InvalidRequestError('profile_mismatch', `only ${CHAIN_PROFILE} tokens can be derived from`)
    }
    return signBaseToken({ ...options, signer, cwk })
  }

  /** @internal The last four-part form of a token. */
  static keyedForm(token: unknown): string | undefined {
    return typeof token === 'object' && token !== null && #keyed in token ? token.#keyed : undefined
  }
}

const fromVerified: unique symbol = Symbol('fromVerified')

function parentOf({ parent, key, profile }: SciTokenOptions): ChainParent | undefined {
  if (parent === undefined) return undefined
  if (key !== undefined)
    throw new InvalidRequestError('invalid_request', 'a derived token is signed with the key of its parent')
  if (profile !== undefined && profile !== CHAIN_PROFILE) {
    throw new InvalidRequestError('profile_mismatch', `a derived token follows ${CHAIN_PROFILE}`)
  }
  const text = typeof parent === 'string' ? parent : SciToken.keyedForm(parent)
  if (text === undefined) {
    throw new InvalidRequestError(
      'invalid_request',
      'the parent has no key to derive with: serialize it with includeKey first',
    )
  }
  return readParent(text)
}

function keyOnDemand({ key, alg, kid }: SciTokenOptions): () => Promise<Signer> {
  let loading: Promise<Signer> | undefined
  const load = async (): Promise<Signer> => {
    if (key === undefined) return SigningKey.generate(alg ?? 'ES256', given({ kid }))
    return isSigner(key) ? key : SigningKey.from(key, given({ alg, kid }))
  }
  return () => (loading ??= load())
}

function isSigner(key: SigningKeyInput | Signer): key is Signer {
  return typeof key === 'object' && key !== null && typeof (key as Partial<Signer>).sign === 'function'
}
