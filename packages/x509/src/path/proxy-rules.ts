import { type Certificate, EXTENSION, USAGE } from '../certificate/certificate.ts'
import { CertificateRefused } from '../errors.ts'
import type { ProxyKind } from '../certificate/proxy-info.ts'

/** Which proxies are believed. */
export interface ProxyPolicy {
  /** Those from before RFC 3820. */
  readonly legacy: boolean
  readonly limited: boolean
}

/** What a chain of proxies comes to. */
export interface ProxyRights {
  /** Some proxy of it is limited. */
  readonly limited: boolean
  /** The last proxy that inherits nothing from its issuer. */
  readonly independent: Certificate | undefined
}

/**
 * Judges a chain of proxies from the end-entity on. RFC 3820 section 4.1; what is common to all certificates is judged elsewhere.
 * Throws {@link CertificateRefused}.
 */
export function checkProxies(
  endEntity: Certificate,
  proxies: readonly Certificate[],
  policy: ProxyPolicy,
): ProxyRights {
  let issuer = endEntity
  let remaining = Infinity
  let limited = false
  let independent: Certificate | undefined
  for (const proxy of proxies) {
    checkForm(proxy, proxies[0]!, policy)
    const { kind, pathLength } = proxy.proxyInfo()
    checkLink(proxy, issuer)
    if (remaining <= 0) {
      throw new CertificateRefused('proxy_path_length', `${issuer.subject.text} may not issue another proxy`)
    }
    remaining = Math.min(remaining - 1, pathLength ?? Infinity)
    limited = checkKind(kind, limited, policy)
    if (kind === 'independent') independent = proxy
    issuer = proxy
  }
  return { limited, independent }
}

function checkForm(proxy: Certificate, first: Certificate, { legacy }: ProxyPolicy): void {
  const name = proxy.subject.text
  if (proxy.proxyForm === 'rfc3820') {
    if (!proxy.extensions.get(EXTENSION.proxyCertInfo)!.critical) {
      throw new CertificateRefused('proxy_info_not_critical', `${name} does not say critically that it is a proxy`)
    }
    if (proxy.has(EXTENSION.draftProxyCertInfo)) {
      throw new CertificateRefused('mixed_proxies', `${name} says in two ways that it is a proxy`)
    }
  } else if (!legacy) {
    throw new CertificateRefused('legacy_proxy', `${name} is a proxy from before RFC 3820`)
  }
  if (proxy.proxyForm !== first.proxyForm) {
    throw new CertificateRefused('mixed_proxies', 'the proxies of the chain are of different kinds')
  }
}

function checkLink(proxy: Certificate, issuer: Certificate): void {
  const name = proxy.subject.text
  if (issuer.basicConstraints.isAuthority) {
    throw new CertificateRefused('proxy_of_authority', `${name} is a proxy that an authority issued`)
  }
  if (proxy.subject.addedCommonName(issuer.subject) === undefined) {
    throw new CertificateRefused('proxy_name', `${name} is not its issuer's name and one common name`)
  }
  if (proxy.basicConstraints.isAuthority) {
    throw new CertificateRefused('proxy_is_authority', `${name} says that it is an authority`)
  }
  // RFC 3820 section 4.1.3 (a)(4): whoever may not sign cannot delegate.
  if (!issuer.hasUsage(USAGE.digitalSignature)) {
    throw new CertificateRefused('proxy_key_usage', `the key of ${issuer.subject.text} is not for signatures`)
  }
  const forbidden = USAGE.keyCertSign | USAGE.nonRepudiation
  if (proxy.keyUsage !== undefined && (proxy.keyUsage & forbidden) !== 0) {
    throw new CertificateRefused('proxy_key_usage', `the key of ${name} is for more than a proxy's may be`)
  }
  if (!proxy.hasUsage(USAGE.digitalSignature)) {
    throw new CertificateRefused('proxy_key_usage', `the key of ${name} is not for signatures`)
  }
  // RFC 3820 section 3.5 and 3.6: a proxy has no other names.
  if (proxy.has(EXTENSION.subjectAlternativeName) || proxy.has(EXTENSION.issuerAlternativeName)) {
    throw new CertificateRefused('proxy_alternative_name', `${name} has an alternative name`)
  }
  if (!proxy.forClients) {
    throw new CertificateRefused('extended_key_usage', `${name} is not for clients of TLS`)
  }
}

/** Once limited, always limited: a full proxy below a limited one would give back what was taken. */
function checkKind(kind: ProxyKind, wasLimited: boolean, policy: ProxyPolicy): boolean {
  if (kind === 'limited') {
    if (!policy.limited) throw new CertificateRefused('limited_proxy', 'limited proxies are not accepted here')
    return true
  }
  if (wasLimited) throw new CertificateRefused('proxy_not_limited', 'a proxy below a limited one is not limited')
  return false
}
