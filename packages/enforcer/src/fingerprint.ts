/** Longest signature that has a fingerprint, in characters: one by an RSA key of 12 288 bits. */
export const MAX_FINGERPRINTED = 2048

const LANES = 4

/**
 * Knows signatures again without keeping them: a universal hash (Carter and Wegman 1979, the multilinear family) under keys that are
 * drawn at random for each object and never leave it. Four independent sums, each of 32 bits. Any two different texts have the same
 * fingerprint with a probability of 2^-100 at most, whoever chose them, as long as the keys are not known; and four words say too
 * little of a signature to find it. A cryptographic hash would stand its ground against somebody who reads the keys, too, and
 * costs four times as much on a server at work (`docs/benchmarks.md`, "Guards").
 *
 * The keys lie in a typed array, whose contents are no part of a heap snapshot.
 */
export class Fingerprints {
  #keys: Int32Array | undefined

  /**
   * The fingerprint of what follows a place in a text, as eight characters; undefined for what is longer than
   * {@link MAX_FINGERPRINTED} or has a letter that is not ASCII, which no signature has.
   */
  of(text: string, start: number): string | undefined {
    if (text.length - start > MAX_FINGERPRINTED) return undefined
    // Not before the first token: some platforms have no randomness while a program is loaded.
    const keys = (this.#keys ??= crypto.getRandomValues(new Int32Array(LANES * MAX_FINGERPRINTED)))
    let a = 0
    let b = 0
    let c = 0
    let d = 0
    let seen = 0
    for (let at = start, key = 0; at < text.length; at++, key += LANES) {
      const letter = text.charCodeAt(at)
      seen |= letter
      // One more, so that NUL counts.
      a = (a + Math.imul(letter + 1, keys[key]!)) | 0
      b = (b + Math.imul(letter + 1, keys[key + 1]!)) | 0
      c = (c + Math.imul(letter + 1, keys[key + 2]!)) | 0
      d = (d + Math.imul(letter + 1, keys[key + 3]!)) | 0
    }
    if (seen > 0x7f) return undefined
    return String.fromCharCode(a >>> 16, a & LOW, b >>> 16, b & LOW, c >>> 16, c & LOW, d >>> 16, d & LOW)
  }
}

const LOW = 0xffff
