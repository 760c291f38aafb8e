import type { Certificate } from './certificate.ts'
import { CertificateReader } from './certificate-reader.ts'
import type { ProxyPolicy } from './proxy-rules.ts'
import type { Credentials } from './rules.ts'
import { checkPresented, type PathPolicy, verifyClientPath } from './verify-path.ts'
import { type VomsPolicy, verifyVoms } from './voms-verify.ts'

/** Whom a certificate stands for. */
export interface X509Identity extends Credentials {
  /** It is a limited proxy. */
  readonly limited: boolean
  /** The first second after which something of it is not valid any more, since the epoch; `Infinity`: not known. */
  readonly notAfter: number
}

/** What certificates are judged by. */
export interface IdentityPolicy extends PathPolicy {
  readonly proxies: ProxyPolicy
  /** Undefined: VOMS groups are not believed. */
  readonly voms: Omit<VomsPolicy, keyof PathPolicy | 'read'> | undefined
}

/** Turns a chain of certificates into whom it stands for. */
export class IdentityVerifier {
  readonly #policy: IdentityPolicy
  readonly #reader = new CertificateReader()

  constructor(policy: IdentityPolicy) {
    this.#policy = policy
  }

  /**
   * Throws `CertificateRefused` and `CertificateUndecided`.
   *
   * @param chain - in DER, the client's own certificate first.
   * @param now - seconds since the epoch.
   */
  async verify(chain: readonly Buffer[], now: number): Promise<X509Identity> {
    const policy = this.#policy
    checkPresented(chain.length)
    const read = (der: Buffer): Certificate => this.#reader.read(der)
    const path = await verifyClientPath(chain.map(read), policy, now)
    const { endEntity, proxies, limited, independent } = path
    // RFC 3820 section 3.8.2: nothing of its issuer's, neither the name nor what a VO says of it.
    if (independent) {
      return { dn: independent.subject.text, username: undefined, fqans: [], limited, notAfter: path.notAfter }
    }
    const voms = policy.voms
      ? await verifyVoms(endEntity, proxies, { ...policy, ...policy.voms, read }, now)
      : { fqans: [], notAfter: Infinity }
    const notAfter = Math.min(path.notAfter, voms.notAfter)
    return { dn: endEntity.subject.text, username: undefined, fqans: voms.fqans, limited, notAfter }
  }
}
