import { ConfigError } from '../errors.ts'

/** How much a {@link BoundedMap} holds. */
export interface BoundedMapLimits<V> {
  /** Most entries that are held. */
  readonly maxEntries: number
  /** Most that all values weigh together, in the unit of `weigh`. Default: no limit. */
  readonly maxWeight?: number
  /** What a value weighs; asked once, when it is set. Default: every value weighs nothing. */
  readonly weigh?: (value: V) => number
}

interface Entry<V> {
  readonly value: V
  readonly weight: number
  /** Read since it was last in line to go: it gets a second chance. */
  used: boolean
}

/**
 * A map that forgets, so that nobody fills the memory by asking for ever new keys. Where there is no room, what was neither read nor
 * set for longest goes first. That order is nearly exact and costs reading nothing: an entry that was read is moved to the end only when it
 * would be its turn to go ("second chance").
 */
export class BoundedMap<K, V> {
  readonly #entries = new Map<K, Entry<V>>()
  readonly #maxEntries: number
  readonly #maxWeight: number
  readonly #weigh: ((value: V) => number) | undefined
  #weight = 0

  /** Throws `config_error` for limits under which nothing could be held. */
  constructor({ maxEntries, maxWeight = Infinity, weigh }: BoundedMapLimits<V>) {
    if (!Number.isSafeInteger(maxEntries) || maxEntries < 1 || !(maxWeight > 0))
      throw new ConfigError('config_error', 'a bounded map must have room for something')
    this.#maxEntries = maxEntries
    this.#maxWeight = maxWeight
    this.#weigh = weigh
  }

  /** Entries that are held. */
  get size(): number {
    return this.#entries.size
  }

  /** What all values weigh together. */
  get weight(): number {
    return this.#weight
  }

  /** The value of a key, or undefined. Reading it makes it stay longer. */
  get(key: K): V | undefined {
    const entry = this.#entries.get(key)
    if (entry === undefined) return undefined
    entry.used = true
    return entry.value
  }

  /** Holds a value, as the last one to go; a value that alone weighs more than all may is not held. */
  set(key: K, value: V): void {
    this.delete(key)
    const weight = this.#weigh?.(value) ?? 0
    // Asked for what must hold, so that a weight that is no number is too much.
    if (!(weight <= this.#maxWeight)) return
    // Before it is there: where everything else was read meanwhile, the new one would be the first to go.
    while (this.#entries.size > 0 && !this.#hasRoomFor(weight)) this.#forgetOne()
    this.#entries.set(key, { value, weight, used: false })
    this.#weight += weight
  }

  /** Forgets a key; tells whether it was held. */
  delete(key: K): boolean {
    const entry = this.#entries.get(key)
    if (entry === undefined) return false
    this.#weight -= entry.weight
    return this.#entries.delete(key)
  }

  /** Forgets everything. */
  clear(): void {
    this.#entries.clear()
    this.#weight = 0
  }

  #hasRoomFor(weight: number): boolean {
    return this.#entries.size < this.#maxEntries && this.#weight + weight <= this.#maxWeight
  }

  /** Forgets the first entry in line, or sends it to the end of the line if it was read meanwhile. */
  #forgetOne(): void {
    const [key, entry] = this.#entries.entries().next().value!
    this.#entries.delete(key)
    if (entry.used) {
      entry.used = false
      this.#entries.set(key, entry)
    } else {
      this.#weight -= entry.weight
    }
  }
}
