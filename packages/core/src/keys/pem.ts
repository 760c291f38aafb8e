import type { Algorithm } from '../jose/algorithms.ts'
import { encodeBase64url } from '../jose/base64url.ts'
import { ConfigError } from '../errors.ts'
import type { Jwk } from '../jose/jwk.ts'

// Loaded when the first PEM text is read or written: most programs never do, and it takes longer to load than all of core.
const joseImport = (): Promise<typeof import('jose/key/import')> => import('jose/key/import')
const joseExport = (): Promise<typeof import('jose/key/export')> => import('jose/key/export')

const PRIVATE_BLOCK = /-----BEGIN ((?:EC |RSA )?PRIVATE KEY)-----([A-Za-z0-9+/=\s]+)-----END \1-----/
const PUBLIC_BLOCK = /-----BEGIN PUBLIC KEY-----([A-Za-z0-9+/=\s]+)-----END PUBLIC KEY-----/

// The type is only told by trying: readers want to be told the algorithm.
const TRIED_ALGORITHMS = ['ES256', 'RS256', 'ES384', 'ES512', 'Ed25519']

/**
 * Reads a private key from PEM text: PKCS #8 (`PRIVATE KEY`), SEC 1 (`EC PRIVATE KEY`) or PKCS #1 (`RSA PRIVATE KEY`), on
 * every platform. Throws `config_error`; what is in the file is never quoted.
 */
export async function readPem(pem: string): Promise<Jwk> {
  const [, label, body] = PRIVATE_BLOCK.exec(pem) ?? []
  if (label === undefined || body === undefined) {
    throw new ConfigError(
      'config_error',
      pem.includes('ENCRYPTED') ? 'the PEM key is encrypted' : 'there is no private key in the PEM text',
    )
  }
  const { importPKCS8 } = await joseImport()
  for (const candidate of asPkcs8(label, decodeBody(body))) {
    // oxlint-disable-next-line no-await-in-loop -- the next is tried only when this fails
    const jwk = await tryAlgorithms((alg) => importPKCS8(toPem(candidate), alg, { extractable: true }))
    if (jwk) return jwk
  }
  throw unsupportedKey()
}

/** Reads a public key from PEM text: SPKI (`PUBLIC KEY`). Throws `config_error`, `unsupported_key`. */
export async function publicJwkFromPem(pem: string): Promise<Jwk> {
  const [, body] = PUBLIC_BLOCK.exec(pem) ?? []
  if (body === undefined) throw new ConfigError('config_error', 'there is no public key in the PEM text')
  const text = toPem(decodeBody(body), 'PUBLIC KEY')
  const { importSPKI } = await joseImport()
  const jwk = await tryAlgorithms((alg) => importSPKI(text, alg, { extractable: true }))
  if (!jwk) throw unsupportedKey()
  return jwk
}

async function tryAlgorithms(read: (alg: string) => Promise<CryptoKey>): Promise<Jwk | undefined> {
  const { exportJWK } = await joseExport()
  for (const alg of TRIED_ALGORITHMS) {
    try {
      // oxlint-disable-next-line no-await-in-loop -- the next is tried only when this fails
      return await exportJWK(await read(alg))
    } catch {}
  }
  return undefined
}

function decodeBody(body: string): Uint8Array {
  try {
    return Uint8Array.from(atob(body.replaceAll(/\s/g, '')), (c) => c.charCodeAt(0))
  } catch {
    throw new ConfigError('config_error', 'the PEM text is not base64')
  }
}

function unsupportedKey(): ConfigError {
  return new ConfigError('unsupported_key', 'the PEM key is not an RSA, P-256, P-384, P-521 or Ed25519 key')
}

/** Writes a private JWK as PKCS #8 PEM. */
export async function exportPkcs8Pem(jwk: Jwk, alg: Algorithm): Promise<string> {
  const { exportPKCS8 } = await joseExport()
  return exportPKCS8(await importKey(jwk, alg))
}

/** Writes a public JWK as SPKI PEM. */
export async function exportSpkiPem(jwk: Jwk, alg: Algorithm): Promise<string> {
  const { exportSPKI } = await joseExport()
  return exportSPKI(await importKey(jwk, alg))
}

async function importKey(jwk: Jwk, alg: Algorithm): Promise<CryptoKey> {
  const { importJWK } = await joseImport()
  return (await importJWK(jwk as never, alg, { extractable: true })) as CryptoKey
}

const RSA_ENCRYPTION = [0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00]
const EC_PUBLIC_KEY = [0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01]
const CURVES: readonly (readonly number[])[] = [
  [0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07], // P-256
  [0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x22], // P-384
  [0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x23], // P-521
]

/** The older forms, wrapped into PKCS #8 (RFC 5208 section 5) as the key may be of any curve, one candidate for each. */
function asPkcs8(label: string, der: Uint8Array): Uint8Array[] {
  if (label === 'PRIVATE KEY') return [der]
  const algorithms = label.startsWith('RSA')
    ? [RSA_ENCRYPTION]
    : CURVES.map((curve) => [...tlv(0x30, Uint8Array.from([...EC_PUBLIC_KEY, ...curve]))])
  return algorithms.map((algorithm) => tlv(0x30, Uint8Array.from([0x02, 0x01, 0x00, ...algorithm, ...tlv(0x04, der)])))
}

function tlv(tag: number, content: Uint8Array): Uint8Array {
  const { length } = content
  const size = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff]
  return Uint8Array.from([tag, ...size, ...content])
}

function toPem(der: Uint8Array, label = 'PRIVATE KEY'): string {
  const base64 = encodeBase64url(der).replaceAll('-', '+').replaceAll('_', '/')
  const padded = base64.padEnd(Math.ceil(base64.length / 4) * 4, '=')
  return `-----BEGIN ${label}-----\n${padded.replaceAll(/.{64}/g, '$&\n')}\n-----END ${label}-----\n`
}
