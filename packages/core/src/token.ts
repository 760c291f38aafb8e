import type { Algorithm } from './algorithms.ts'
import { decodeUnverified, type UnverifiedToken } from './decode.ts'
import { InvalidRequestError, quote } from './errors.ts'
import { isJsonValue, type JsonObject, type JsonValue } from './json.ts'
import type { ProfileName } from './profiles.ts'
import { type SignOptions, signToken } from './sign.ts'
import { type Signer, SigningKey, type SigningKeyInput } from './signing-key.ts'
import { type VerifiedToken, type VerifyOptions, verifyToken } from './verify.ts'

/** Options of `new SciToken()`. */
export interface SciTokenOptions {
  /** What signs: a private key in any form, or a {@link Signer}. Default: a new ES256 key, made when first needed. */
  readonly key?: SigningKeyInput | Signer
  /** Default: the key's own. */
  readonly alg?: Algorithm
  /** Default: the key's own, else its RFC 7638 thumbprint. */
  readonly kid?: string
  /** Claims to start with. */
  readonly claims?: JsonObject
  /** Default: `scitoken:2.0`. */
  readonly profile?: ProfileName
}

/** Options of {@link SciToken.serialize}: as {@link SignOptions}, and the issuer. */
export interface SerializeOptions extends Omit<SignOptions, 'signer' | 'claims' | 'profile' | 'header'> {
  /** Sets `iss`. Default: the claim `iss`. */
  readonly issuer?: string
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

  constructor(options: SciTokenOptions = {}) {
    this.#claims = new Map()
    this.#profile = options.profile ?? 'scitoken:2.0'
    this.#key = keyOnDemand(options)
    const verified = (options as { [fromVerified]?: VerifiedToken })[fromVerified]
    this.#verified = verified
    if (verified) for (const [name, value] of Object.entries(verified.claims)) this.#claims.set(name, value)
    this.update(options.claims ?? {})
  }

  /** Verifies a token. See {@link verifyToken} for what is checked and thrown. */
  static async deserialize(text: string, options: VerifyOptions): Promise<SciToken> {
    return SciToken.fromVerified(await verifyToken(text, options))
  }

  /** @internal */
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

  get profile(): ProfileName {
    return this.#profile
  }

  /** The value of a claim, or undefined. With `verifiedOnly`, a claim that was set afterwards is not seen. */
  get(name: string, { verifiedOnly = false }: { verifiedOnly?: boolean } = {}): JsonValue | undefined {
    return verifiedOnly && !this.isVerified(name) ? undefined : this.#claims.get(name)
  }

  has(name: string): boolean {
    return this.#claims.has(name)
  }

  /** Whether the value of this claim came with a verified token. */
  isVerified(name: string): boolean {
    return this.#verified !== undefined && this.#claims.has(name) && !this.#unverified.has(name)
  }

  /** Sets a claim, unverified. Throws `invalid_request` for what JSON cannot carry. */
  set(name: string, value: JsonValue): this {
    if (typeof name !== 'string' || name === '') throw new InvalidRequestError('a claim needs a name')
    if (!isJsonValue(value)) {
      throw new InvalidRequestError(`JSON cannot carry this value of the claim ${quote(name)}`, { claim: name })
    }
    this.#claims.set(name, structuredClone(value))
    this.#unverified.add(name)
    return this
  }

  delete(name: string): boolean {
    this.#unverified.delete(name)
    return this.#claims.delete(name)
  }

  /** Sets several claims at once. */
  update(claims: JsonObject): this {
    for (const [name, value] of Object.entries(claims)) this.set(name, value)
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
   * Signs the token as a compact JWS. Throws what {@link signToken} throws. Times and version of a verified token are not
   * carried over: they are set anew.
   */
  async serialize({ issuer, ...options }: SerializeOptions = {}): Promise<string> {
    const key = this.#key
    if (!key) throw new InvalidRequestError('this token was verified, not made here: it has no key to sign with')
    const claims = { ...this.claims(), ...(issuer === undefined ? {} : { iss: issuer }) }
    return signToken({ ...options, signer: await key(), claims, profile: this.#profile })
  }

  /** The signing key, made now if there was none. */
  async signer(): Promise<Signer> {
    if (!this.#key) throw new InvalidRequestError('this token was verified, not made here: it has no key')
    return this.#key()
  }

  toJSON(): JsonObject {
    return this.claims()
  }
}

const fromVerified: unique symbol = Symbol('fromVerified')

function keyOnDemand(
  options: SciTokenOptions & { [fromVerified]?: VerifiedToken },
): (() => Promise<Signer>) | undefined {
  const { key, alg, kid } = options
  if (options[fromVerified] && key === undefined) return undefined
  let loading: Promise<Signer> | undefined
  const load = async (): Promise<Signer> => {
    if (key === undefined) return SigningKey.generate(alg ?? 'ES256', kid === undefined ? {} : { kid })
    if (isSigner(key)) return key
    return SigningKey.from(key, { ...(alg === undefined ? {} : { alg }), ...(kid === undefined ? {} : { kid }) })
  }
  return () => (loading ??= load())
}

function isSigner(key: SigningKeyInput | Signer): key is Signer {
  return typeof key === 'object' && typeof (key as Partial<Signer>).sign === 'function'
}
