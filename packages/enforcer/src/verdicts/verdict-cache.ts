import { type OptionReaders, readOptions, whole } from '@scitokens/core/internal'
import { Fingerprints } from './fingerprint.ts'

/** Options of the verdict cache. */
export interface VerdictCacheOptions {
  /** Tokens that are remembered as acceptable; an eighth of this many as refused. Default: 10 000. */
  readonly maxEntries?: number
  /** Estimated memory of both kinds together. Default: 32 MiB. */
  readonly maxBytes?: number
}

/** How the options of {@link VerdictCacheOptions} are read. */
export const CACHE_READERS: OptionReaders<VerdictCacheOptions> = {
  maxEntries: whole(1, Number.MAX_SAFE_INTEGER, 'tokens'),
  maxBytes: whole(1, Number.MAX_SAFE_INTEGER, 'bytes'),
}

/** What a verdict weighs, in bytes: the text, parsed claims, scopes, their index, and the bookkeeping. */
const bytesOf = (signedLength: number): number => 1536 + 6 * signedLength

/**
 * Verdicts by token. A token is remembered as what was signed, letter by letter, and a keyed fingerprint of its signature: no other
 * can stand in for it, and nobody who reads the memory finds a token. Who reads all of it, keys included, while the process runs
 * could make a text that this one process takes for the token; but then the tokens of the requests under way lie there as well.
 *
 * Refusals (verdicts whose outcome is an error) are kept apart: a flood of bad tokens drives no good one out.
 */
export class VerdictCache<V extends { readonly outcome: unknown }> {
  readonly #accepted: BoundedMap<V>
  readonly #refused: BoundedMap<V>
  readonly #fingerprints = new Fingerprints()

  /** Throws `config_error`. */
  constructor(options: VerdictCacheOptions = {}) {
    const read = readOptions<VerdictCacheOptions>(options, CACHE_READERS, 'cache')
    const { maxEntries = 10_000, maxBytes = 32 * 1024 * 1024 } = read
    this.#accepted = new BoundedMap(maxEntries, Math.ceil(maxBytes * 0.875))
    this.#refused = new BoundedMap(Math.ceil(maxEntries / 8), Math.ceil(maxBytes / 8))
  }

  /** What is known of exactly this token. */
  find(token: string): V | undefined {
    const signed = this.#read(token)
    if (signed === undefined) return undefined
    const { words } = this.#fingerprints
    return this.#accepted.get(words, signed) ?? this.#refused.get(words, signed)
  }

  /** Remembers a verdict, unless the token's signature is none that could be remembered. */
  set(token: string, verdict: V): void {
    const signed = this.#read(token)
    if (signed === undefined) return
    const { words } = this.#fingerprints
    const [home, other] =
      verdict.outcome instanceof Error ? [this.#refused, this.#accepted] : [this.#accepted, this.#refused]
    if (other.get(words, signed)) other.delete(words[0]!)
    home.set(words, signed, verdict)
  }

  /** Forgets a token. */
  delete(token: string): void {
    if (this.find(token) === undefined) return
    const [first] = this.#fingerprints.words
    this.#accepted.delete(first!)
    this.#refused.delete(first!)
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

  /** Reads the fingerprint of a token's signature, and gives what was signed; undefined for what has none. */
  #read(token: string): string | undefined {
    const dot = token.lastIndexOf('.')
    return dot !== -1 && this.#fingerprints.read(token, dot + 1) ? token.slice(0, dot) : undefined
  }
}

interface Slot<V> {
  /** The token up to its last dot. */
  readonly signed: string
  /** The fingerprint of its signature, but for the first word, by which it is looked for. */
  readonly second: number
  readonly third: number
  readonly fourth: number
  readonly verdict: V
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

/**
 * A map bounded in entries and bytes, by the first words of fingerprints: of two tokens that share it, the later one is kept. What
 * was not used goes first; a hit costs no reordering.
 */
class BoundedMap<V> {
  readonly #slots = new Map<number, Slot<V>>()
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

  get(words: Int32Array, signed: string): V | undefined {
    const slot = this.#slots.get(words[0]!)
    if (slot === undefined) return undefined
    if (slot.second !== words[1] || slot.third !== words[2] || slot.fourth !== words[3]) return undefined
    // What was signed is compared as it is, letter by letter.
    if (slot.signed !== signed) return undefined
    slot.used = true
    return slot.verdict
  }

  set(words: Int32Array, signed: string, verdict: V): void {
    const [first = 0, second = 0, third = 0, fourth = 0] = words
    this.delete(first)
    const bytes = bytesOf(signed.length)
    if (bytes > this.#maxBytes) return
    this.#slots.set(first, { signed: copyOf(signed), second, third, fourth, verdict, bytes, used: false })
    this.#bytes += bytes
    this.#evict()
  }

  delete(first: number): void {
    const slot = this.#slots.get(first)
    if (!slot) return
    this.#slots.delete(first)
    this.#bytes -= slot.bytes
  }

  clear(): void {
    this.#slots.clear()
    this.#bytes = 0
  }

  #evict(): void {
    while (this.#slots.size > this.#maxEntries || this.#bytes > this.#maxBytes) {
      const [first, slot] = this.#slots.entries().next().value!
      if (slot.used) {
        slot.used = false
        this.#slots.delete(first)
        this.#slots.set(first, slot)
      } else {
        this.delete(first)
      }
    }
  }
}
