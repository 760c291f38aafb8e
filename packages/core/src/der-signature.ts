// ECDSA signatures in the two forms of this world. Node, Deno and Bun take DER fastest: an option beside the key costs Node
// 20 µs a call, and the others know no other place for it.

/** `r` and `s` side by side (RFC 7518 section 3.4) as a SEQUENCE of two INTEGERs (RFC 3279 section 2.2.3). */
export function toDerSignature(signature: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const half = signature.length / 2
  const r = signature.subarray(firstDigit(signature, 0, half), half)
  const s = signature.subarray(firstDigit(signature, half, signature.length))
  // The first bit is the sign.
  const rSign = r[0]! >> 7
  const sSign = s[0]! >> 7
  const length = r.length + s.length + rSign + sSign + 4
  const head = length > 127 ? [0x30, 0x81, length] : [0x30, length]
  const der = new Uint8Array(head.length + length)
  der.set(head)
  const sAt = head.length + 2 + rSign + r.length
  der.set([0x02, r.length + rSign], head.length)
  der.set(r, head.length + 2 + rSign)
  der.set([0x02, s.length + sSign], sAt)
  der.set(s, sAt + 2 + sSign)
  return der
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
