/** Longest signature that has a fingerprint, in characters: one by an RSA key of 12 288 bits. */
export const MAX_FINGERPRINTED = 2048

const LANES = 4
const LOW = 0xffff

/**
 * Knows signatures again without keeping them: a universal hash (Carter and Wegman 1979, the multilinear family) under keys that are
 * drawn at random for each object and never leave it. Four independent sums of 32 bits, over two letters at a time. Any two
 * different texts have the same fingerprint with a probability of 2^-72 at most, whoever chose them, as long as the keys are not
 * known; and four words say too little of a signature to find it. A cryptographic hash would stand its ground against
 * somebody who reads the keys, too, and costs four times as much on a server at work (`docs/benchmarks.md`, "Guards").
 *
 * The keys lie in a typed array, whose contents are no part of a heap snapshot.
 */
export class Fingerprints {
  // Not before the first token: some platforms have no randomness while a program is loaded.
  #keys: Int32Array | undefined
  readonly #encoder = new TextEncoder()
  /** Room for any text of the longest length, ASCII or not. Empty between calls. */
  readonly #bytes = new Uint8Array(3 * MAX_FINGERPRINTED)
  readonly #pairs = new Uint16Array(this.#bytes.buffer)

  /**
   * The fingerprint of a text, with its length; undefined for what is longer than {@link MAX_FINGERPRINTED} or has a letter that
   * is not ASCII, which no signature has.
   */
  of(text: string): string | undefined {
    const { length } = text
    if (length > MAX_FINGERPRINTED) return undefined
    const { written } = this.#encoder.encodeInto(text, this.#bytes)
    // Whatever is not ASCII takes more bytes than it has characters.
    const sums = written === length ? this.#sums((length + 1) >> 1, this.#pairs) : undefined
    this.#bytes.fill(0, 0, written)
    return sums && String.fromCharCode(length) + sums
  }

  #sums(count: number, pairs: Uint16Array): string {
    const keys = (this.#keys ??= crypto.getRandomValues(new Int32Array((LANES * MAX_FINGERPRINTED) / 2)))
    let a = 0
    let b = 0
    let c = 0
    let d = 0
    for (let at = 0, key = 0; at < count; at++, key += LANES) {
      const pair = pairs[at]!
      a = (a + Math.imul(pair, keys[key]!)) | 0
      b = (b + Math.imul(pair, keys[key + 1]!)) | 0
      c = (c + Math.imul(pair, keys[key + 2]!)) | 0
      d = (d + Math.imul(pair, keys[key + 3]!)) | 0
    }
    return String.fromCharCode(a >>> 16, a & LOW, b >>> 16, b & LOW, c >>> 16, c & LOW, d >>> 16, d & LOW)
  }
}
