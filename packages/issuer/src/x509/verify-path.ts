import type { Authority, CaDirectory } from './ca-directory.ts'
import type { Certificate } from './certificate.ts'
import { isRevoked } from './crl.ts'
import { CertificateRefused, CertificateUndecided } from './defects.ts'
import { permitsName } from './namespaces.ts'
import { checkAnyCertificate, checkAuthority, checkEndEntity } from './path-rules.ts'
import { checkProxies, type ProxyPolicy, type ProxyRights } from './proxy-rules.ts'

/** How strictly a kind of file beside the authorities is asked for. */
export type Strictness = 'require' | 'if-present' | 'ignore'

/** Whom to trust, and how. */
export interface PathPolicy {
  readonly authorities: CaDirectory
  readonly revocation: Strictness
  readonly namespaces: Strictness
}

/** A path that holds. */
export interface VerifiedPath {
  /** Whom the path is about. */
  readonly endEntity: Certificate
  /** From the one that the end-entity issued to the one that was presented. */
  readonly proxies: readonly Certificate[]
  /** Issuers, from the end-entity's to the anchor. */
  readonly authorities: readonly Certificate[]
  /** The first second after which some certificate of it is not valid any more. */
  readonly notAfter: number
}

const MAX_PRESENTED = 16
const MAX_AUTHORITIES = 8

/** Refuses more certificates than any honest chain has, before any is looked at. */
export function checkPresented(count: number): void {
  if (count > MAX_PRESENTED) {
    throw new CertificateRefused('chain_too_long', `more than ${MAX_PRESENTED} certificates were presented`)
  }
}

/**
 * Verifies what a client of TLS presented, the client's own first: proxies up to their end-entity, and that by authorities of the
 * directory. Throws {@link CertificateRefused} and {@link CertificateUndecided}.
 *
 * @param now - seconds since the epoch.
 */
export async function verifyClientPath(
  presented: readonly Certificate[],
  policy: PathPolicy & { readonly proxies: ProxyPolicy },
  now: number,
): Promise<VerifiedPath & ProxyRights> {
  checkPresented(presented.length)
  const { endEntity, proxies } = await splitProxies(presented, policy)
  for (const proxy of proxies) checkAnyCertificate(proxy, now)
  const rights = checkProxies(endEntity, proxies, policy.proxies)
  const path = await verifyPath(endEntity, presented, policy, now, { asClient: proxies.length === 0 })
  const notAfter = Math.min(path.notAfter, ...proxies.map((proxy) => proxy.notAfter))
  return { ...path, ...rights, proxies, notAfter }
}

/**
 * Verifies the path from an end-entity to a trusted authority. RFC 5280 section 6.
 *
 * @param presented - further certificates, among which intermediate authorities may be.
 */
export async function verifyPath(
  endEntity: Certificate,
  presented: readonly Certificate[],
  policy: PathPolicy,
  now: number,
  { asClient }: { asClient: boolean },
): Promise<VerifiedPath> {
  checkAnyCertificate(endEntity, now)
  const issuers = await findAuthorities(endEntity, presented, policy.authorities)
  checkEndEntity(endEntity, { asClient })
  let below = 0
  let subject = endEntity
  for (const [index, authority] of issuers.entries()) {
    const { certificate } = authority
    checkAnyCertificate(certificate, now, index === issuers.length - 1)
    checkAuthority(certificate, below)
    // oxlint-disable-next-line no-await-in-loop -- the first defect ends it
    await checkByIssuer(subject, authority, policy, now)
    // RFC 5280 section 6.1.4 (l): those issued to themselves do not count.
    if (!certificate.subject.equals(certificate.issuer)) below++
    subject = certificate
  }
  const authorities = issuers.map(({ certificate }) => certificate)
  return {
    endEntity,
    proxies: [],
    authorities,
    notAfter: Math.min(endEntity.notAfter, ...authorities.map((authority) => authority.notAfter)),
  }
}

/** The chain of proxies from the one that was presented to the end-entity that stands behind it. */
async function splitProxies(
  presented: readonly Certificate[],
  { authorities }: PathPolicy,
): Promise<{ endEntity: Certificate; proxies: readonly Certificate[] }> {
  const [leaf] = presented
  if (!leaf) throw new CertificateRefused('incomplete_chain', 'no certificate was presented')
  const proxies: Certificate[] = []
  let current = leaf
  while (current.proxyForm !== undefined) {
    proxies.unshift(current)
    const proxy = current
    const named = presented.filter((other) => !proxies.includes(other) && other.subject.equals(proxy.issuer))
    const issuer = named.find((other) => proxy.isSignedBy(other))
    if (!issuer) {
      const name = proxy.subject.text
      if (named.length > 0) throw new CertificateRefused('bad_signature', `${name} is not signed by its issuer`)
      // oxlint-disable-next-line no-await-in-loop -- asked once, for the reason of the refusal
      if ((await authorities.find(proxy.issuer)).length > 0) {
        throw new CertificateRefused('proxy_of_authority', `${name} is a proxy that an authority issued`)
      }
      throw new CertificateRefused('incomplete_chain', `the issuer of ${name} was not presented`)
    }
    current = issuer
  }
  return { endEntity: current, proxies }
}

/** The issuers up to an authority of the directory that signs itself. */
async function findAuthorities(
  endEntity: Certificate,
  presented: readonly Certificate[],
  directory: CaDirectory,
): Promise<readonly (Authority & { readonly trusted: boolean })[]> {
  const path: (Authority & { readonly trusted: boolean })[] = []
  let current = endEntity
  for (;;) {
    const subject = current
    // oxlint-disable-next-line no-await-in-loop -- each step needs the one before
    const trusted = (await directory.find(subject.issuer)).map((authority) => ({ ...authority, trusted: true }))
    const sent = presented
      .filter(
        (other) => other.subject.equals(subject.issuer) && other.x509.fingerprint256 !== subject.x509.fingerprint256,
      )
      .map((certificate) => ({ certificate, names: [], trusted: false }))
    const signer = [...trusted, ...sent].find(({ certificate }) => subject.isSignedBy(certificate))
    if (!signer) {
      const name = subject.subject.text
      if (trusted.length + sent.length > 0) {
        throw new CertificateRefused('bad_signature', `${name} is not signed by its issuer`)
      }
      throw new CertificateRefused('unknown_authority', `the issuer of ${name} is not trusted here`)
    }
    path.push(signer)
    if (signer.certificate.isSelfSigned) {
      if (signer.trusted) return path
      throw new CertificateRefused('unknown_authority', `${signer.certificate.subject.text} is not trusted here`)
    }
    if (path.length >= MAX_AUTHORITIES) {
      throw new CertificateRefused('chain_too_long', 'there are too many authorities between certificate and anchor')
    }
    current = signer.certificate
  }
}

/** What an issuer and the files beside it say of a certificate. */
async function checkByIssuer(
  subject: Certificate,
  authority: Authority & { readonly trusted: boolean },
  { authorities, revocation, namespaces }: PathPolicy,
  now: number,
): Promise<void> {
  const issuer = authority.certificate
  const name = subject.subject.text
  if (namespaces !== 'ignore') {
    const rules = await authorities.namespaces(authority)
    if (rules === undefined && namespaces === 'require') {
      throw new CertificateUndecided('namespace_missing', `nothing says what ${issuer.subject.text} may name`)
    }
    if (rules && !permitsName(rules, issuer.subject, subject.subject)) {
      throw new CertificateRefused('outside_namespace', `${issuer.subject.text} may not issue ${name}`)
    }
  }
  if (revocation !== 'ignore') {
    const lists = await authorities.crls(authority)
    if (isRevoked(subject, issuer, lists, { now, required: revocation === 'require' })) {
      throw new CertificateRefused('revoked', `${name} has been revoked`)
    }
  }
}
