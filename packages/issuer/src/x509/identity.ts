import type { Certificate } from './certificate.ts'
import { CertificateReader } from './certificate-reader.ts'
import { CertificateRefused, CertificateUndecided } from './defects.ts'
import type { ProxyPolicy } from './proxy-rules.ts'
import type { Credentials } from '../certificates/rules.ts'
import { type ShownCertificate, shownCertificate } from './shown-certificate.ts'
import { SignatureChecks } from './signature-checks.ts'
import { checkPresented, type PathPolicy, type VerifiedClient, verifyClientPath } from './verify-path.ts'
import { type VomsPolicy, verifyVoms } from './voms-verify.ts'

/** Whom a certificate stands for. */
export interface X509Identity extends Credentials {
  /** It is a limited proxy. */
  readonly limited: boolean
  /** The first second after which something of it is not valid any more, since the epoch; `Infinity`: not known. */
  readonly notAfter: number
  /** Of the person, robot or host, proxy or not; undefined: somebody else has judged it. */
  readonly certificate: ShownCertificate | undefined
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
  readonly #chains = new WeakMap<readonly Buffer[], readonly Certificate[]>()

  constructor(policy: IdentityPolicy) {
    this.#policy = policy
  }

  /**
   * Throws `CertificateRefused` and `CertificateUndecided`.
   *
   * @param chain - in DER, the client's own certificate first. The same list again (that of a connection) is read once, so that what its
   *   certificates have cost, they have cost once.
   * @param now - seconds since the epoch.
   */
  async verify(chain: readonly Buffer[], now: number): Promise<X509Identity> {
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
  ): Promise<X509Identity> {
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
