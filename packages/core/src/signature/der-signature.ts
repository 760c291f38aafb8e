// ECDSA signatures in the two forms of this world. Node, Deno and Bun take DER fastest: an option beside the key costs Node
// 20 µs a call, and the others know no other place for it.

/** `r` and `s` side by side (RFC 7518 section 3.4) as a SEQUENCE of two INTEGERs (RFC 3279 section 2.2.3). */
export function toDerSignature(signature: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const end = signature.length
  const half = end / 2
  const r = firstDigit(signature, 0, half)
  const s = firstDigit(signature, half, end)
  // The first bit is the sign.
  const rLength = half - r + (signature[r]! >> 7)
  const sLength = end - s + (signature[s]! >> 7)
  const length = rLength + sLength + 4
  // By hand, and in memory that Node has at hand: views and copies of a few bytes cost several times as much.
  const der = Buffer.allocUnsafe(length + (length > 127 ? 3 : 2))
  let at = 0
  der[at++] = 0x30
  if (length > 127) der[at++] = 0x81
  der[at++] = length
  at = setInteger(der, at, rLength, signature, r, half)
  setInteger(der, at, sLength, signature, s, end)
  return der
}

/** Writes an INTEGER whose digits are `source` from `start` to `end`; gives the place behind it. */
function setInteger(
  der: Uint8Array,
  at: number,
  length: number,
  source: Uint8Array,
  start: number,
  end: number,
): number {
  der[at++] = 0x02
  der[at++] = length
  if (length > end - start) der[at++] = 0
  for (let from = start; from < end; from++) der[at++] = source[from]!
  return at
}

/** The way back, for signatures that were made here: both numbers in `half` bytes. */
export function fromDerSignature(der: Uint8Array, half: number): Uint8Array<ArrayBuffer> {
  const signature = new Uint8Array(2 * half)
  const rAt = (der[1]! > 127 ? 3 : 2) + 2
  const rEnd = rAt + der[rAt - 1]!
  setNumber(signature, der.subarray(rAt, rEnd), half)
  setNumber(signature, der.subarray(rEnd + 2, rEnd + 2 + der[rEnd + 1]!), 2 * half)
  return signature
}

/** Right-aligned before `end`, without the zero that only keeps the sign. */
function setNumber(target: Uint8Array, digits: Uint8Array, end: number): void {
  const number = digits[0] === 0 ? digits.subarray(1) : digits
  target.set(number, end - number.length)
}

/** Where the number begins: a single zero is one. */
function firstDigit(bytes: Uint8Array, start: number, end: number): number {
  let at = start
  while (at < end - 1 && bytes[at] === 0) at += 1
  return at
}
