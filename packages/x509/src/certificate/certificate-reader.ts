import { createHash } from 'node:crypto'
import { Certificate } from './certificate.ts'

const REMEMBERED = 500
/** What is larger is somebody's with attributes of a hundred groups: read each time. */
const MAX_BYTES = 16_384

/**
 * Reads certificates, and remembers those that were read lately: a proxy comes with every request of its job, the authorities and the
 * VOMS server's with everybody's. What is remembered is what a certificate says, never that it was found good.
 */
export class CertificateReader {
  readonly #read = new Map<string, Certificate>()

  /** Throws `CertificateRefused`. */
  read(der: Buffer): Certificate {
    if (der.length > MAX_BYTES) return Certificate.read(der)
    const key = createHash('sha256').update(der).digest('base64')
    const known = this.#read.get(key)
    if (known) this.#read.delete(key)
    const certificate = known ?? Certificate.read(der)
    this.#read.set(key, certificate)
    // The longest unseen goes first.
    if (this.#read.size > REMEMBERED) this.#read.delete(this.#read.keys().next().value!)
    return certificate
  }
}
