import { DER, derParts, derValue, oidOf } from '../der/der.ts'

/** Lengths of a modulus in bits. Go's TLS draws the upper line at the same place; the longest of IGTF's authorities is on it. */
const RSA_BITS = { min: 2048, max: 8192 } as const
/**
 * A check of a signature takes time in proportion to the length of the exponent. Everybody's is 65537; with one as long as the modulus,
 * which OpenSSL takes as well, a check costs a hundred times as much.
 */
const MAX_EXPONENT_BITS = 32

const RSA = '1.2.840.113549.1.1.1'
const EC = '1.2.840.10045.2.1'
const EDWARDS: ReadonlySet<string> = new Set(['1.3.101.112', '1.3.101.113'])
/** P-256, P-384, P-521. Of other curves, and of those that bring their own numbers, nobody knows what a check costs. */
const CURVES: ReadonlySet<string> = new Set(['1.2.840.10045.3.1.7', '1.3.132.0.34', '1.3.132.0.35'])

/**
 * Why a public key is none to be used; undefined: it may be. Looks at the bytes alone, so that a key which would be dear to use, or to
 * understand, costs nothing. RFC 3279 section 2.3, RFC 5480 section 2.1, RFC 8410 section 3.
 *
 * @param spki - a SubjectPublicKeyInfo in DER. Throws `NotDer` for what is none.
 */
export function weaknessOf(spki: Buffer): string | undefined {
  const [algorithm, key] = derParts(derValue(spki).content, 2)
  const [id, parameters] = algorithm ? derParts(algorithm.content, 2) : []
  if (!id || key?.tag !== DER.bitString) return 'it makes no sense'
  const type = oidOf(id)
  if (type === RSA) return weaknessOfRsa(key.content.subarray(1))
  if (EDWARDS.has(type)) return undefined
  if (type !== EC) return `nothing is known of its type ${type}`
  if (parameters?.tag !== DER.objectIdentifier) return 'its curve has no name'
  return CURVES.has(oidOf(parameters)) ? undefined : `its curve ${oidOf(parameters)} is none of P-256, P-384 and P-521`
}

function weaknessOfRsa(der: Buffer): string | undefined {
  const [modulus, exponent] = derParts(derValue(der).content, 2)
  if (modulus?.tag !== DER.integer || exponent?.tag !== DER.integer) return 'it makes no sense'
  const bits = bitLength(modulus.content)
  if (bits < RSA_BITS.min || bits > RSA_BITS.max) return `its modulus has ${bits} bits`
  const length = bitLength(exponent.content)
  const odd = (exponent.content.at(-1)! & 1) === 1
  return odd && length >= 2 && length <= MAX_EXPONENT_BITS
    ? undefined
    : `its exponent, of ${length} bits, is a strange one`
}

/** Of a positive INTEGER; 0 for others. */
function bitLength(integer: Buffer): number {
  const start = integer.findIndex((byte) => byte !== 0)
  if (start === -1 || (integer[0]! & 0x80) !== 0) return 0
  return (integer.length - start) * 8 - Math.clz32(integer[start]!) + 24
}
