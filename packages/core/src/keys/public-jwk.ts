import { given } from '../internal/given.ts'
import { type Algorithm, isAlgorithm, traitsOf } from '../jose/algorithms.ts'
import { decodeBase64url, isBase64url } from '../jose/base64url.ts'
import type { CodeOf } from '../error-codes.ts'
import type { Jwk } from '../jose/jwk.ts'

/** A published key that may verify, reduced to its public members, and the algorithms it may verify. */
export interface UsableJwk {
  readonly kid: string | undefined
  readonly jwk: Readonly<Jwk>
  readonly algorithms: readonly Algorithm[]
}

/** A published key that may not, and why. */
export interface UnusableJwk {
  readonly kid: string | undefined
  readonly code: CodeOf<'not_acceptable'>
  readonly why: string
}

/** Smallest RSA modulus, in bits. RFC 7518 section 3.3. */
export const MIN_RSA_BITS = 2048
/** Largest RSA modulus worth the work of a check, in bits. */
export const MAX_RSA_BITS = 16384

/** Exact lengths of coordinates in bytes. RFC 7518 section 6.2.1.2, RFC 8037 section 2. */
const CURVES: Readonly<Record<string, { kty: string; bytes: number; algorithms: readonly Algorithm[] }>> = {
  'P-256': { kty: 'EC', bytes: 32, algorithms: ['ES256'] },
  'P-384': { kty: 'EC', bytes: 48, algorithms: ['ES384'] },
  'P-521': { kty: 'EC', bytes: 66, algorithms: ['ES512'] },
  Ed25519: { kty: 'OKP', bytes: 32, algorithms: ['EdDSA', 'Ed25519'] },
}

/** Judges one entry of a key set. `kty` and `crv` decide; the key's own `alg`, `use` and `key_ops` can only restrict. */
export function checkPublicJwk(entry: unknown, acceptPadding: boolean): UsableJwk | UnusableJwk {
  if (typeof entry !== 'object' || entry === null || Array.isArray(entry)) {
    return { kid: undefined, code: 'unsupported_key', why: 'it is no object' }
  }
  const jwk = entry as Record<string, unknown>
  const kid = typeof jwk['kid'] === 'string' ? jwk['kid'] : undefined
  const refuse = (why: string, code: CodeOf<'not_acceptable'> = 'unsupported_key'): UnusableJwk => ({ kid, code, why })

  if (jwk['kid'] !== undefined && kid === undefined) return refuse('its kid is no string')
  if (jwk['use'] !== undefined && jwk['use'] !== 'sig') return refuse('its use is not signatures')
  const ops = jwk['key_ops']
  if (ops !== undefined && !(Array.isArray(ops) && ops.includes('verify'))) {
    return refuse('its key_ops do not include verify')
  }
  const fields = acceptPadding ? withoutPadding(jwk) : jwk
  const material = fields['kty'] === 'RSA' ? rsaMaterial(fields) : curveMaterial(fields)
  if ('why' in material) return refuse(material.why, material.code)

  const own = jwk['alg']
  const algorithms =
    own === undefined ? material.algorithms : material.algorithms.filter((alg) => isSameAlgorithm(alg, own))
  if (algorithms.length === 0) return refuse('its alg does not fit its type')
  return {
    kid,
    algorithms,
    jwk: { ...material.jwk, ...given({ kid }), ...(isAlgorithm(own) ? { alg: own } : {}) },
  }
}

type Material =
  | { readonly jwk: Jwk; readonly algorithms: readonly Algorithm[] }
  | { readonly why: string; readonly code?: CodeOf<'not_acceptable'> }

function rsaMaterial(fields: Record<string, unknown>): Material {
  const { n, e } = fields
  if (!isBase64urlString(n) || !isBase64urlString(e)) return { why: 'its n or e is not base64url' }
  const bits = bitLength(decodeBase64url(n, 'n'))
  if (bits < MIN_RSA_BITS) return { why: `its modulus has ${bits} bits, fewer than ${MIN_RSA_BITS}`, code: 'weak_key' }
  if (bits > MAX_RSA_BITS) return { why: `its modulus has ${bits} bits, more than ${MAX_RSA_BITS}` }
  const exponent = decodeBase64url(e, 'e')
  const odd = ((exponent.at(-1) ?? 0) & 1) === 1
  if (!odd || bitLength(exponent) < 17) return { why: 'its exponent is even or below 65537', code: 'weak_key' }
  if (bitLength(exponent) > 64) return { why: 'its exponent is too large' }
  return { jwk: { kty: 'RSA', n, e }, algorithms: ['RS256', 'PS256'] }
}

function curveMaterial(fields: Record<string, unknown>): Material {
  const { kty, crv, x, y } = fields
  if (kty !== 'EC' && kty !== 'OKP') return { why: 'its kty is missing or unknown' }
  const curve = typeof crv === 'string' && Object.hasOwn(CURVES, crv) ? CURVES[crv]! : undefined
  if (!curve || curve.kty !== kty) return { why: 'its crv is missing or unknown' }
  if (!isCoordinate(x, curve.bytes)) return { why: 'its x is not a coordinate of its curve' }
  if (kty === 'OKP') return { jwk: { kty, crv: crv as string, x }, algorithms: curve.algorithms }
  if (!isCoordinate(y, curve.bytes)) return { why: 'its y is not a coordinate of its curve' }
  return { jwk: { kty, crv: crv as string, x, y }, algorithms: curve.algorithms }
}

function isBase64urlString(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && isBase64url(value)
}

function isCoordinate(value: unknown, bytes: number): value is string {
  return isBase64urlString(value) && decodeBase64url(value, 'a coordinate').length === bytes
}

/** Whether a JWK shows more than its public half. RFC 7518 sections 6.2.2, 6.3.2 and 6.4. */
export function hasPrivateMembers(jwk: unknown): boolean {
  return (
    typeof jwk === 'object' &&
    jwk !== null &&
    ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k'].some((name) => Object.hasOwn(jwk, name))
  )
}

/** Number of significant bits of a big-endian number. */
function bitLength(bytes: Uint8Array): number {
  const first = bytes.findIndex((byte) => byte !== 0)
  return first === -1 ? 0 : (bytes.length - first) * 8 - Math.clz32(bytes[first]!) + 24
}

function withoutPadding(jwk: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(jwk).map(([name, value]) => [name, typeof value === 'string' ? value.replace(/=+$/, '') : value]),
  )
}

/** Whether two names mean one algorithm: `EdDSA` with Ed25519 keys is RFC 9864's `Ed25519`. */
export function isSameAlgorithm(a: unknown, b: unknown): boolean {
  return a === b || ([a, b].includes('EdDSA') && [a, b].includes('Ed25519'))
}

/** Whether an algorithm belongs to a key of this type and curve. */
export function algorithmFits(alg: Algorithm, jwk: Jwk): boolean {
  const { kty, crv } = traitsOf(alg)
  return jwk.kty === kty && (crv === undefined || jwk.crv === crv)
}
