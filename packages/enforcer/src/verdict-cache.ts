import { ConfigError, type KeySet, type SciTokenError } from '@scitokens/core'
import type { Configuration } from './configuration.ts'
import { Fingerprints } from './fingerprint.ts'
import type { ValidatedToken } from './validated-token.ts'

/** Options of the verdict cache. */
export interface VerdictCacheOptions {
  /** Tokens that are remembered as acceptable; an eighth of this many as refused. Default: 10 000. */
  readonly maxEntries?: number
  /** Estimated memory of both kinds together. Default: 32 MiB. */
  readonly maxBytes?: number
}

/** What is known of a token, and under which circumstances it is true. */
export interface Verdict {
  /** The token, or why it will never be acceptable under the same circumstances. */
  readonly outcome: ValidatedToken | SciTokenError
  readonly issuer: string
  readonly kid: string | undefined
  readonly keySet: KeySet
  readonly configuration: Configuration
}

/** What a verdict weighs, in bytes: the text, parsed claims, scopes, their index, and the bookkeeping. */
const bytesOf = (signedLength: number): number => 1536 + 6 * signedLength

/**
 * Verdicts by token. A token is remembered as what was signed, letter by letter, and a keyed fingerprint of its signature: no other
 * can stand in for it, and nobody who reads the memory finds a token. Who reads all of it, keys included, while the process runs
 * could make a text that this one process takes for the token; but then the tokens of the requests under way lie there as well.
 *
 * Refusals are kept apart: a flood of bad tokens drives no good one out.
 */
export class VerdictCache {
  readonly #accepted: BoundedMap
  readonly #refused: BoundedMap
  readonly #fingerprints = new Fingerprints()

  /** Throws `config_error`. */
  constructor({ maxEntries = 10_000, maxBytes = 32 * 1024 * 1024 }: VerdictCacheOptions = {}) {
    for (const [name, value] of Object.entries({ maxEntries, maxBytes })) {
      if (!(Number.isSafeInteger(value) && value > 0))
        throw new ConfigError(`cache.${name} must be a whole number above zero`)
    }
    this.#accepted = new BoundedMap(maxEntries, Math.ceil(maxBytes * 0.875))
    this.#refused = new BoundedMap(Math.ceil(maxEntries / 8), Math.ceil(maxBytes / 8))
  }

  /**
   * The name under which a token is looked for; undefined where its signature is none that could be remembered.
   *
   * @param dot - where the last dot of the token is.
   */
  key(token: string, dot: number): string | undefined {
    return this.#fingerprints.of(token.slice(dot + 1))
  }

  /** @param signed - the token up to its last dot. */
  get(key: string, signed: string): Verdict | undefined {
    return this.#accepted.get(key, signed) ?? this.#refused.get(key, signed)
  }

  set(key: string, signed: string, verdict: Verdict): void {
    const [home, other] =
      verdict.outcome instanceof Error ? [this.#refused, this.#accepted] : [this.#accepted, this.#refused]
    if (other.get(key, signed)) other.delete(key)
    home.set(key, signed, verdict)
  }

  delete(key: string): void {
    this.#accepted.delete(key)
    this.#refused.delete(key)
  }

  clear(): void {
    this.#accepted.clear()
    this.#refused.clear()
  }

  /** Verdicts that are held. */
  get size(): number {
    return this.#accepted.size + this.#refused.size
  }

  /** Estimated memory of the verdicts that are held. */
  get bytes(): number {
    return this.#accepted.bytes + this.#refused.bytes
  }
}

interface Slot {
  readonly signed: string
  readonly verdict: Verdict
  readonly bytes: number
  /** Read since it was last in line to go: it gets a second chance. */
  used: boolean
}

const encoder = new TextEncoder()
const decoder = new TextDecoder()

/** A string of its own: a slice would keep the whole token alive. */
function copyOf(slice: string): string {
  return decoder.decode(encoder.encode(slice))
}

/** A map bounded in entries and bytes. What was not used goes first; a hit costs no reordering. */
class BoundedMap {
  readonly #slots = new Map<string, Slot>()
  readonly #maxEntries: number
  readonly #maxBytes: number
  #bytes = 0

  constructor(maxEntries: number, maxBytes: number) {
    this.#maxEntries = maxEntries
    this.#maxBytes = maxBytes
  }

  get size(): number {
    return this.#slots.size
  }

  get bytes(): number {
    return this.#bytes
  }

  get(key: string, signed: string): Verdict | undefined {
    const slot = this.#slots.get(key)
    // What was signed is compared as it is, letter by letter.
    if (slot?.signed !== signed) return undefined
    slot.used = true
    return slot.verdict
  }

  set(key: string, signed: string, verdict: Verdict): void {
    this.delete(key)
    const bytes = bytesOf(signed.length)
    if (bytes > this.#maxBytes) return
    this.#slots.set(key, { signed: copyOf(signed), verdict, bytes, used: false })
    this.#bytes += bytes
    this.#evict()
  }

  delete(key: string): void {
    const slot = this.#slots.get(key)
    if (!slot) return
    this.#slots.delete(key)
    this.#bytes -= slot.bytes
  }

  clear(): void {
    this.#slots.clear()
    this.#bytes = 0
  }

  #evict(): void {
    while (this.#slots.size > this.#maxEntries || this.#bytes > this.#maxBytes) {
      const [key, slot] = this.#slots.entries().next().value!
      if (slot.used) {
        slot.used = false
        this.#slots.delete(key)
        this.#slots.set(key, slot)
      } else {
        this.delete(key)
      }
    }
  }
}
