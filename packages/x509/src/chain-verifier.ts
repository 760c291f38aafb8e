import type { Certificate } from './certificate/certificate.ts'
import { CertificateReader } from './certificate/certificate-reader.ts'
import { CertificateRefused, CertificateUndecided } from './errors.ts'
import type { Identity, ShownCertificate } from './identity.ts'
import { checkPresented } from './certificate/presented.ts'
import type { ProxyPolicy } from './path/proxy-rules.ts'
import { SignatureChecks } from './certificate/signature-checks.ts'
import { type PathPolicy, type VerifiedClient, verifyClientPath } from './path/verify-path.ts'
import { type VomsPolicy, verifyVoms } from './voms/voms-verify.ts'

/** What certificates are judged by. */
export interface ChainPolicy extends PathPolicy {
  readonly proxies: ProxyPolicy
  /** Undefined: VOMS groups are not believed. */
  readonly voms: Omit<VomsPolicy, keyof PathPolicy | 'read'> | undefined
}

/** Turns a chain of certificates into whom it stands for. */
export class ChainVerifier {
  readonly #policy: ChainPolicy
  readonly #reader = new CertificateReader()
  readonly #chains = new WeakMap<readonly Buffer[], readonly Certificate[]>()

  constructor(policy: ChainPolicy) {
    this.#policy = policy
  }

  /**
   * Throws `CertificateRefused` and `CertificateUndecided`.
   *
   * @param chain - in DER, the client's own certificate first. The same list again (that of a connection) is read once, so that what its
   *   certificates have cost, they have cost once.
   * @param now - seconds since the epoch.
   */
  async verify(chain: readonly Buffer[], now: number): Promise<Identity> {
    const presented = this.#read(chain)
    const checks = new SignatureChecks()
    const path = await about(shown(presented), () => verifyClientPath(presented, this.#policy, now, checks))
    const certificate = shownCertificate(path.endEntity, true)
    return about(certificate, () => this.#identityOf(path, certificate, now, checks))
  }

  async #identityOf(
    path: VerifiedClient,
    certificate: ShownCertificate,
    now: number,
    checks: SignatureChecks,
  ): Promise<Identity> {
    const policy = this.#policy
    const { endEntity, proxies, limited, independent } = path
    // RFC 3820 section 3.8.2: nothing of its issuer's, neither the name nor what a VO says of it.
    if (independent) {
      const dn = independent.subject.text
      return { dn, username: undefined, fqans: [], limited, notAfter: path.notAfter, certificate }
    }
    const read = (der: Buffer): Certificate => this.#reader.read(der)
    const voms = policy.voms
      ? await verifyVoms(endEntity, proxies, { ...policy, ...policy.voms, read }, now, checks)
      : { fqans: [], notAfter: Infinity }
    const notAfter = Math.min(path.notAfter, voms.notAfter)
    return { dn: endEntity.subject.text, username: undefined, fqans: voms.fqans, limited, notAfter, certificate }
  }

  #read(chain: readonly Buffer[]): readonly Certificate[] {
    const before = this.#chains.get(chain)
    if (before) return before
    checkPresented(chain.length)
    const presented = chain.map((der) => this.#reader.read(der))
    this.#chains.set(chain, presented)
    return presented
  }
}

/** What is told of a certificate. */
function shownCertificate(certificate: Certificate, verified: boolean): ShownCertificate {
  const { subject, issuer, serial, sha256 } = certificate
  return { dn: subject.text, issuer: issuer.text, serial, sha256, verified }
}

/** The first that is no proxy: whom the rest is about, if it is true. */
function shown(presented: readonly Certificate[]): ShownCertificate | undefined {
  const certificate = presented.find(({ proxyForm }) => proxyForm === undefined) ?? presented[0]
  return certificate && shownCertificate(certificate, false)
}

/** Says of an error whose certificate it is about. */
async function about<T>(certificate: ShownCertificate | undefined, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof CertificateRefused || error instanceof CertificateUndecided) error.about = certificate
    throw error
  }
}
