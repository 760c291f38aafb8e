/** Longest signature that has a fingerprint, in characters: one by an RSA key of 12 288 bits. */
export const MAX_FINGERPRINTED = 2048

const LANES = 4

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

  /** The fingerprint that was read last. One place for all of them: what is asked with every request makes no objects. */
  readonly words: Int32Array = new Int32Array(LANES)

  /**
   * Reads what a text holds from a place to its end into {@link words}. False for what is longer than {@link MAX_FINGERPRINTED} or
   * has a letter that is not ASCII, which no signature has.
   */
  read(text: string, from: number): boolean {
    const end = text.length
    if (end - from > MAX_FINGERPRINTED) return false
    const keys = (this.#keys ??= crypto.getRandomValues(new Int32Array((LANES * MAX_FINGERPRINTED) / 2)))
    // The length counts, for NUL at the end adds nothing.
    let a = end - from
    let b = 0
    let c = 0
    let d = 0
    let letters = 0
    for (let at = from, key = 0; at < end; at += 2, key += LANES) {
      const one = text.charCodeAt(at)
      const other = at + 1 < end ? text.charCodeAt(at + 1) : 0
      letters |= one | other
      const pair = one | (other << 8)
      a = (a + Math.imul(pair, keys[key]!)) | 0
      b = (b + Math.imul(pair, keys[key + 1]!)) | 0
      c = (c + Math.imul(pair, keys[key + 2]!)) | 0
      d = (d + Math.imul(pair, keys[key + 3]!)) | 0
    }
    const { words } = this
    words[0] = a
    words[1] = b
    words[2] = c
    words[3] = d
    return letters < 0x80
  }
}
