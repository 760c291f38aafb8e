import { BoundedMap, type OptionReaders, readOptions, whole } from '@scitokens/core/internal'
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

/** A verdict, and what tells its token from all others. */
interface Slot<V> {
  /** The token up to its last dot. */
  readonly signed: string
  /** The fingerprint of its signature, but for the first word, by which it is looked for. */
  readonly second: number
  readonly third: number
  readonly fourth: number
  readonly verdict: V
}

/** What a verdict weighs, in bytes: the text, parsed claims, scopes, their index, and the bookkeeping. */
const bytesOf = ({ signed }: Slot<unknown>): number => 1536 + 6 * signed.length

/**
 * Verdicts by token. A token is remembered as what was signed, letter by letter, and a keyed fingerprint of its signature: no other
 * can stand in for it, and nobody who reads the memory finds a token. Who reads all of it, keys included, while the process runs
 * could make a text that this one process takes for the token; but then the tokens of the requests under way lie there as well.
 *
 * Of two tokens that share the first word of their fingerprints the later one is kept. Refusals (verdicts whose outcome is an error)
 * are kept apart: a flood of bad tokens drives no good one out.
 */
export class VerdictCache<V extends { readonly outcome: unknown }> {
  readonly #accepted: BoundedMap<number, Slot<V>>
  readonly #refused: BoundedMap<number, Slot<V>>
  readonly #fingerprints = new Fingerprints()

  /** Makes an empty cache. Throws `config_error` for options that make no sense. */
  constructor(options: VerdictCacheOptions = {}) {
    const read = readOptions<VerdictCacheOptions>(options, CACHE_READERS, 'cache')
    const { maxEntries = 10_000, maxBytes = 32 * 1024 * 1024 } = read
    this.#accepted = new BoundedMap<number, Slot<V>>({
      maxEntries,
      maxWeight: Math.ceil(maxBytes * 0.875),
      weigh: bytesOf,
    })
    this.#refused = new BoundedMap<number, Slot<V>>({
      maxEntries: Math.ceil(maxEntries / 8),
      maxWeight: Math.ceil(maxBytes / 8),
      weigh: bytesOf,
    })
  }

  /** What is known of exactly this token. */
  find(token: string): V | undefined {
    const signed = this.#read(token)
    if (signed === undefined) return undefined
    return (this.#slotIn(this.#accepted, signed) ?? this.#slotIn(this.#refused, signed))?.verdict
  }

  /** Remembers a verdict, unless the token's signature is none that could be remembered. */
  set(token: string, verdict: V): void {
    const signed = this.#read(token)
    if (signed === undefined) return
    const [home, other] =
      verdict.outcome instanceof Error ? [this.#refused, this.#accepted] : [this.#accepted, this.#refused]
    const [first = 0, second = 0, third = 0, fourth = 0] = this.#fingerprints.words
    if (this.#slotIn(other, signed)) other.delete(first)
    home.set(first, { signed: copyOf(signed), second, third, fourth, verdict })
  }

  /** Forgets a token. */
  delete(token: string): void {
    if (this.find(token) === undefined) return
    const [first = 0] = this.#fingerprints.words
    this.#accepted.delete(first)
    this.#refused.delete(first)
  }

  /** Forgets all tokens. */
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
    return this.#accepted.weight + this.#refused.weight
  }

  /** Reads the fingerprint of a token's signature, and gives what was signed; undefined for what has none. */
  #read(token: string): string | undefined {
    const dot = token.lastIndexOf('.')
    return dot !== -1 && this.#fingerprints.read(token, dot + 1) ? token.slice(0, dot) : undefined
  }

  /** The slot of the token whose fingerprint was read last. What was signed is compared as it is, letter by letter. */
  #slotIn(map: BoundedMap<number, Slot<V>>, signed: string): Slot<V> | undefined {
    const { words } = this.#fingerprints
    const slot = map.get(words[0]!)
    if (slot === undefined) return undefined
    if (slot.second !== words[1] || slot.third !== words[2] || slot.fourth !== words[3]) return undefined
    return slot.signed === signed ? slot : undefined
  }
}

const encoder = new TextEncoder()
const decoder = new TextDecoder()

/** A string of its own: a slice would keep the whole token alive. */
function copyOf(slice: string): string {
  return decoder.decode(encoder.encode(slice))
}
