import type { Authority, CaDirectory } from '../authorities/ca-directory.ts'
import type { Certificate } from '../certificate/certificate.ts'
import { CertificateRefused, CertificateUndecided } from '../errors.ts'
import type { SignatureChecks } from '../certificate/signature-checks.ts'

/** Authorities from whoever issued a certificate to one that signs itself. */
export type AuthorityPath = readonly Authority[]

const MAX_AUTHORITIES = 8
/** An authority has a certificate or two, and is signed by one or two others. */
const MAX_PATHS = 16

/** What is known of a certificate whose issuers are looked for. */
export interface PathRequest {
  /** What else came with it. Nobody is trusted for that: it tells the reason of a refusal. */
  readonly others: readonly Certificate[]
  /** Seconds since the epoch. */
  readonly now: number
  readonly checks: SignatureChecks
}

/**
 * The paths from a certificate to authorities that sign themselves, by authorities of the directory alone, the likeliest first. Several
 * certificates of one authority may lie there: the one before a renewal, the one for after it, one for each key, one for each authority
 * above. Throws {@link CertificateRefused} and {@link CertificateUndecided} where there is no path.
 *
 * A name that the directory does not know costs no check of a signature, and no key is used that a stranger brought.
 */
export async function authorityPaths(
  subject: Certificate,
  directory: CaDirectory,
  request: PathRequest,
): Promise<readonly AuthorityPath[]> {
  const search = new Search(directory, request)
  await search.climb(subject, [])
  if (search.paths.length > 0) return search.paths
  throw search.problem
}

class Search {
  readonly paths: AuthorityPath[] = []
  /** Why the likeliest way leads nowhere. */
  problem: unknown
  readonly #directory: CaDirectory
  readonly #request: PathRequest

  constructor(directory: CaDirectory, request: PathRequest) {
    this.#directory = directory
    this.#request = request
  }

  async climb(subject: Certificate, path: AuthorityPath): Promise<void> {
    try {
      for (const authority of await this.#issuersOf(subject, path)) {
        if (this.paths.length >= MAX_PATHS) return
        const longer = [...path, authority]
        if (authority.certificate.isSelfSigned) this.paths.push(longer)
        // oxlint-disable-next-line no-await-in-loop -- the likeliest first
        else if (longer.length < MAX_AUTHORITIES) await this.climb(authority.certificate, longer)
        else this.problem ??= new CertificateRefused('chain_too_long', 'there are too many authorities up to an anchor')
      }
    } catch (error) {
      if (!(error instanceof CertificateRefused || error instanceof CertificateUndecided)) throw error
      this.problem ??= error
    }
  }

  async #issuersOf(subject: Certificate, path: AuthorityPath): Promise<Authority[]> {
    const { now, checks } = this.#request
    const named = (await this.#directory.find(subject.issuer)).filter(
      ({ certificate }) => certificate.sha256 !== subject.sha256 && !isIn(path, certificate),
    )
    // What authorities cost each other is not the client's doing, and is known after the first time.
    const counted = path.length === 0 ? checks : undefined
    const signers = named.filter(({ certificate }) => subject.isSignedBy(certificate, counted))
    if (signers.length === 0) throw await this.#noIssuer(subject, named)
    return signers.toSorted((a, b) => likelier(a.certificate, b.certificate, now))
  }

  async #noIssuer(subject: Certificate, named: readonly Authority[]): Promise<CertificateRefused> {
    const name = subject.subject.text
    const weak = named.find(({ certificate }) => certificate.weakness !== undefined)?.certificate
    if (weak) {
      return new CertificateRefused('weak_key', `the key of ${weak.subject.text} is not used: ${weak.weakness}`)
    }
    if (named.length > 0) return new CertificateRefused('bad_signature', `${name} is not signed by its issuer`)
    const sent = this.#sentIssuer(subject)
    if (sent && !sent.basicConstraints.isAuthority) {
      return new CertificateRefused('not_an_authority', `${sent.subject.text} has issued ${name} and is no authority`)
    }
    if (sent && (await this.#leadsToDirectory(sent))) {
      // Nothing here says what it may name and whom it has revoked.
      const why = 'was sent by the client and is not in the directory of authorities'
      return new CertificateRefused('authority_not_installed', `the issuer of ${name}, ${sent.subject.text}, ${why}`)
    }
    return new CertificateRefused('unknown_authority', `the issuer of ${name} is not trusted here`)
  }

  /** Whether an authority that was sent says that it is below one of the directory. Only its name is looked at. */
  async #leadsToDirectory(sent: Certificate): Promise<boolean> {
    const seen = new Set<Certificate>()
    for (let at: Certificate | undefined = sent; at && !seen.has(at); at = this.#sentIssuer(at)) {
      seen.add(at)
      // oxlint-disable-next-line no-await-in-loop -- the first that is known ends it
      if ((await this.#directory.find(at.issuer)).length > 0) return true
    }
    return false
  }

  #sentIssuer(subject: Certificate): Certificate | undefined {
    return this.#request.others.find((other) => other !== subject && other.subject.equals(subject.issuer))
  }
}

function isIn(path: AuthorityPath, certificate: Certificate): boolean {
  return path.some((authority) => authority.certificate.sha256 === certificate.sha256)
}

/** Valid now goes first, then what is valid longest. */
function likelier(a: Certificate, b: Certificate, now: number): number {
  const valid = (certificate: Certificate): number =>
    now >= certificate.notBefore && now <= certificate.notAfter ? 1 : 0
  return valid(b) - valid(a) || b.notAfter - a.notAfter
}
