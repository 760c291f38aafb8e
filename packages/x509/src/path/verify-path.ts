import { type AuthorityPath, authorityPaths, type PathRequest } from './authority-paths.ts'
import type { CaDirectory } from '../authorities/ca-directory.ts'
import type { Certificate } from '../certificate/certificate.ts'
import { isRevoked } from '../authorities/crl.ts'
import { CertificateRefused, CertificateUndecided } from '../errors.ts'
import { mayName } from '../authorities/namespaces.ts'
import { checkAnyCertificate, checkAuthority, checkEndEntity } from './path-rules.ts'
import { checkPresented } from '../certificate/presented.ts'
import { type ProxyChain, proxyChains } from './proxy-chain.ts'
import { checkProxies, type ProxyPolicy, type ProxyRights } from './proxy-rules.ts'
import type { SignatureChecks } from '../certificate/signature-checks.ts'

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

/** What a client of TLS presented, verified. */
export type VerifiedClient = VerifiedPath & ProxyRights

/** Whom to trust, and which proxies to believe. */
export type ClientPolicy = PathPolicy & { readonly proxies: ProxyPolicy }

/**
 * Verifies what a client of TLS presented, the client's own first: proxies up to their end-entity, and that by authorities of the
 * directory. Throws {@link CertificateRefused} and {@link CertificateUndecided}.
 *
 * What costs nothing is asked first, then whether an authority vouches for the end-entity; only keys that were vouched for are used to
 * check a signature.
 *
 * @param now - seconds since the epoch.
 */
export async function verifyClientPath(
  presented: readonly Certificate[],
  policy: ClientPolicy,
  now: number,
  checks: SignatureChecks,
): Promise<VerifiedClient> {
  checkPresented(presented.length)
  const { chains, open } = proxyChains(presented)
  if (chains.length === 0) throw await whyIncomplete(open!, policy)
  return firstThatHolds(chains, (chain) => verifyChain(chain, policy, now, checks))
}

async function verifyChain(
  { endEntity, proxies, others }: ProxyChain,
  policy: ClientPolicy,
  now: number,
  checks: SignatureChecks,
): Promise<VerifiedClient> {
  for (const proxy of proxies) checkAnyCertificate(proxy, now)
  const rights = checkProxies(endEntity, proxies, policy.proxies)
  const path = await verifyPath(endEntity, policy, { others, now, checks }, { asClient: proxies.length === 0 })
  let issuer = endEntity
  for (const proxy of proxies) {
    if (!proxy.isSignedBy(issuer, checks)) {
      throw new CertificateRefused('bad_signature', `${proxy.subject.text} is not signed by its issuer`)
    }
    issuer = proxy
    // oxlint-disable-next-line no-await-in-loop -- one after the other, with others in between
    await checks.rest()
  }
  const notAfter = Math.min(path.notAfter, ...proxies.map((proxy) => proxy.notAfter))
  return { ...path, ...rights, proxies, notAfter }
}

/** Why nothing that was presented has issued a proxy. */
async function whyIncomplete(proxy: Certificate, { authorities }: PathPolicy): Promise<CertificateRefused> {
  const name = proxy.subject.text
  if ((await authorities.find(proxy.issuer)).length > 0) {
    return new CertificateRefused('proxy_of_authority', `${name} is a proxy that an authority issued`)
  }
  return new CertificateRefused('incomplete_chain', `the issuer of ${name} was not presented`)
}

/** Verifies the path from an end-entity to a trusted authority. RFC 5280 section 6. Throws as above. */
export async function verifyPath(
  endEntity: Certificate,
  policy: PathPolicy,
  request: PathRequest,
  { asClient }: { asClient: boolean },
): Promise<VerifiedPath> {
  checkAnyCertificate(endEntity, request.now)
  checkEndEntity(endEntity, { asClient })
  const paths = await authorityPaths(endEntity, policy.authorities, request)
  return firstThatHolds(paths, (path) => judgePath(endEntity, path, policy, request.now))
}

async function judgePath(
  endEntity: Certificate,
  path: AuthorityPath,
  policy: PathPolicy,
  now: number,
): Promise<VerifiedPath> {
  let below = 0
  let subject = endEntity
  for (const [index, { certificate }] of path.entries()) {
    checkAnyCertificate(certificate, now, index === path.length - 1)
    checkAuthority(certificate, below)
    // oxlint-disable-next-line no-await-in-loop -- the first defect ends it
    await checkByIssuer(subject, path.slice(index), policy, now)
    // RFC 5280 section 6.1.4 (l): those issued to themselves do not count.
    if (!certificate.subject.equals(certificate.issuer)) below++
    subject = certificate
  }
  const authorities = path.map(({ certificate }) => certificate)
  return {
    endEntity,
    proxies: [],
    authorities,
    notAfter: Math.min(endEntity.notAfter, ...authorities.map((authority) => authority.notAfter)),
  }
}

/** What an issuer, and the files beside it and beside those above it, say of a certificate. */
async function checkByIssuer(
  subject: Certificate,
  path: AuthorityPath,
  { authorities, revocation, namespaces }: PathPolicy,
  now: number,
): Promise<void> {
  const [authority] = path
  const issuer = authority!.certificate
  const name = subject.subject.text
  if (namespaces !== 'ignore') {
    const may = await mayName(subject.subject, path, authorities)
    if (may === undefined && namespaces === 'require') {
      throw new CertificateUndecided('namespace_missing', `nothing says what ${issuer.subject.text} may name`)
    }
    if (may === false) {
      throw new CertificateRefused('outside_namespace', `${issuer.subject.text} may not issue ${name}`)
    }
  }
  if (revocation !== 'ignore') {
    const lists = await authorities.crls(authority!)
    if (isRevoked(subject, issuer, lists, { now, required: revocation === 'require' })) {
      throw new CertificateRefused('revoked', `${name} has been revoked`)
    }
  }
}

/** What the first way comes to that holds. Where none does, the likeliest says why. */
async function firstThatHolds<Way, Result>(
  ways: readonly Way[],
  verify: (way: Way) => Promise<Result>,
): Promise<Result> {
  let problem: unknown
  for (const way of ways) {
    try {
      // oxlint-disable-next-line no-await-in-loop -- each is asked where the one before did not hold
      return await verify(way)
    } catch (error) {
      if (!(error instanceof CertificateRefused || error instanceof CertificateUndecided)) throw error
      problem ??= error
    }
  }
  throw problem
}
