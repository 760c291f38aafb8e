import { type Algorithm, traitsOf } from '../jose/algorithms.ts'
import type { CodeOf } from '../error-codes.ts'
import { ConfigError, quote, TokenNotAcceptableError } from '../errors.ts'
import type { Jwk } from '../jose/jwk.ts'
import { checkPublicJwk, type UsableJwk } from './public-jwk.ts'
import { importVerificationKey, type PlatformKey, verifySignature } from '#signature'

/** One usable public key of an issuer. */
export class VerificationKey {
  /** The name by which tokens ask for it. */
  readonly kid: string | undefined
  /** The key itself, with its public members only. */
  readonly jwk: Readonly<Jwk>
  readonly #key: PlatformKey
  readonly #algorithms: readonly Algorithm[]

  /** @internal Made by {@link KeySet.fromJwks}. */
  constructor(usable: UsableJwk, key: PlatformKey) {
    this.kid = usable.kid
    this.jwk = usable.jwk
    this.#algorithms = usable.algorithms
    this.#key = key
  }

  /** Whether the key's type, curve and own `alg` fit this algorithm. RFC 7517 section 4.4, RFC 8725 section 3.1. */
  fits(alg: Algorithm): boolean {
    return this.#algorithms.includes(alg)
  }

  /** Whether `signature` over `data` was made with this key. A signature of the wrong length is simply wrong. */
  verify(
    alg: Algorithm,
    data: Uint8Array<ArrayBuffer>,
    signature: Uint8Array<ArrayBuffer>,
  ): Promise<boolean> | boolean {
    if (!this.fits(alg)) return false
    const { signatureBytes } = traitsOf(alg)
    if (signatureBytes !== undefined && signature.length !== signatureBytes) return false
    return verifySignature(alg, this.#key, data, signature)
  }
}

/** An entry of a published set that cannot be used, and why. */
export interface DroppedKey {
  /** The `kid` of the key, where it has one. */
  readonly kid: string | undefined
  /** What a token that names it is refused with. */
  readonly code: CodeOf<'not_acceptable'>
  /** Why it was dropped: half a sentence for people. */
  readonly why: string
}

/** Options of {@link KeySet.fromJwks}. */
export interface KeySetOptions {
  /** Tolerate `=` after base64url members (the Python reference's key tool writes them). Default: false. */
  readonly acceptPaddedKeys?: boolean
  /** Entries looked at. More is a `config_error`. Default: 100. */
  readonly maxKeys?: number
}

/** More keys with one `kid` than this are not tried: the amount of work is not the publisher's choice. */
const MAX_CANDIDATES = 4

/** The usable public keys of one issuer, immutable. Unusable entries are skipped and listed in `dropped`. RFC 7517 section 5. */
export class KeySet {
  /** Those that may be used, in the order of the document. */
  readonly keys: readonly VerificationKey[]
  /** Keys of the document that may not verify, and why. */
  readonly dropped: readonly DroppedKey[]

  private constructor(keys: readonly VerificationKey[], dropped: readonly DroppedKey[]) {
    this.keys = keys
    this.dropped = dropped
  }

  /**
   * Reads a JWKS document (already parsed). Throws `config_error` when it is no key set at all; an empty set is a set.
   */
  static async fromJwks(document: unknown, options: KeySetOptions = {}): Promise<KeySet> {
    const entries = (document as { keys?: unknown } | null)?.keys
    if (typeof document !== 'object' || Array.isArray(document) || !Array.isArray(entries)) {
      throw new ConfigError('config_error', 'a key set must be an object with a list "keys"')
    }
    if (entries.length > (options.maxKeys ?? 100)) {
      throw new ConfigError(
        'config_error',
        `a key set of ${entries.length} keys is over the limit of ${options.maxKeys ?? 100}`,
      )
    }
    const keys: VerificationKey[] = []
    const dropped: DroppedKey[] = []
    for (const entry of entries) {
      const checked = checkPublicJwk(entry, options.acceptPaddedKeys ?? false)
      if ('why' in checked) {
        dropped.push(checked)
        continue
      }
      try {
        // oxlint-disable-next-line no-await-in-loop -- a handful of keys, in the publisher's order
        keys.push(new VerificationKey(checked, await importVerificationKey(checked.jwk, checked.algorithms[0]!)))
      } catch {
        dropped.push({ kid: checked.kid, code: 'unsupported_key', why: 'the key material is not valid for its type' })
      }
    }
    return new KeySet(keys, dropped)
  }

  /**
   * The keys that may have made a signature, by `kid` and algorithm. Never empty: throws `key_not_found`, or
   * `weak_key`/`unsupported_key` when the key named is there but must not be used.
   *
   * Without `kid` there must be exactly one key that fits.
   */
  candidates(alg: Algorithm, kid: string | undefined): readonly VerificationKey[] {
    if (kid === undefined) return this.#onlyFitting(alg)
    const fitting = this.keys.filter((key) => key.kid === kid && key.fits(alg))
    if (fitting.length > MAX_CANDIDATES) return fitting.slice(0, MAX_CANDIDATES)
    if (fitting.length > 0) return fitting
    const dropped = this.dropped.find((entry) => entry.kid === kid)
    if (dropped) {
      throw new TokenNotAcceptableError(dropped.code, `the issuer's key ${quote(kid)} is not used: ${dropped.why}`)
    }
    throw new TokenNotAcceptableError('key_not_found', `the issuer publishes no ${alg} key ${quote(kid)}`)
  }

  #onlyFitting(alg: Algorithm): readonly VerificationKey[] {
    const fitting = this.keys.filter((key) => key.fits(alg))
    if (fitting.length === 1) return fitting
    const why = fitting.length === 0 ? `the issuer publishes no ${alg} key` : `${fitting.length} keys could fit`
    throw new TokenNotAcceptableError('key_not_found', `the token names no key and ${why}`)
  }
}
