import { createHash } from 'node:crypto'
import { BoundedMap } from '@scitokens/core/internal'
import { Certificate } from './certificate.ts'

/** Certificates that are remembered. */
const REMEMBERED = 500
/** In bytes. What is larger is somebody's with attributes of a hundred groups: read each time. */
const MAX_BYTES = 16_384

/**
 * Reads certificates, and remembers those that were read lately: a proxy comes with every request of its job, the authorities and the
 * VOMS server's with everybody's. What is remembered is what a certificate says, never that it was found good.
 */
export class CertificateReader {
  readonly #read = new BoundedMap<string, Certificate>({ maxEntries: REMEMBERED })

  /** Reads a certificate in DER. Throws `CertificateRefused`. */
  read(der: Buffer): Certificate {
    if (der.length > MAX_BYTES) return Certificate.read(der)
    const key = createHash('sha256').update(der).digest('base64')
    const known = this.#read.get(key)
    if (known) return known
    const certificate = Certificate.read(der)
    this.#read.set(key, certificate)
    return certificate
  }
}
