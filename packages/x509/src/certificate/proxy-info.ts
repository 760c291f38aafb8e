import { AsnConvert, AsnProp, AsnPropTypes, OctetString } from '@peculiar/asn1-schema'
import { CertificateRefused } from '../errors.ts'

/** What a proxy may do of what its issuer may. RFC 3820 section 3.8. */
export type ProxyKind = 'inherit_all' | 'independent' | 'limited'

/** ProxyCertInfo. RFC 3820 section 3.8. */
export interface ProxyInfo {
  readonly kind: ProxyKind
  /** How many proxies may follow; undefined: any number. */
  readonly pathLength: number | undefined
}

const POLICY_LANGUAGES: Readonly<Record<string, ProxyKind>> = {
  '1.3.6.1.5.5.7.21.1': 'inherit_all',
  '1.3.6.1.5.5.7.21.2': 'independent',
  '1.3.6.1.4.1.3536.1.1.1.9': 'limited',
}

/** Without a policy of its own, which none has that is understood here, it is a line. */
const MAX_BYTES = 4096

class ProxyPolicy {
  policyLanguage = ''
  policy?: OctetString
}
class ProxyCertInfo {
  pathLength?: number
  policy: ProxyPolicy = new ProxyPolicy()
}
class DraftProxyCertInfo {
  policy: ProxyPolicy = new ProxyPolicy()
  pathLength?: number
}

// Decorators, called as the functions they are: the source runs as it is, without a compiler.
AsnProp({ type: AsnPropTypes.ObjectIdentifier })(ProxyPolicy.prototype, 'policyLanguage')
AsnProp({ type: OctetString, optional: true })(ProxyPolicy.prototype, 'policy')
AsnProp({ type: AsnPropTypes.Integer, optional: true })(ProxyCertInfo.prototype, 'pathLength')
AsnProp({ type: ProxyPolicy })(ProxyCertInfo.prototype, 'policy')
AsnProp({ type: ProxyPolicy })(DraftProxyCertInfo.prototype, 'policy')
AsnProp({ type: AsnPropTypes.Integer, context: 1, optional: true })(DraftProxyCertInfo.prototype, 'pathLength')

/**
 * Reads the extension. Throws {@link CertificateRefused}: a policy that nobody here can read may forbid anything, so whoever does
 * not understand it must refuse (RFC 3820 section 4.1.3).
 */
export function readProxyInfo(der: Buffer, draft = false): ProxyInfo {
  let info: ProxyCertInfo
  if (der.length > MAX_BYTES) throw new CertificateRefused('too_large', 'the proxy information is too long')
  try {
    info = AsnConvert.parse(der, draft ? DraftProxyCertInfo : ProxyCertInfo)
  } catch (cause) {
    throw new CertificateRefused('malformed', 'the proxy information makes no sense', cause)
  }
  const { policyLanguage, policy } = info.policy
  const kind = Object.hasOwn(POLICY_LANGUAGES, policyLanguage) ? POLICY_LANGUAGES[policyLanguage] : undefined
  if (kind === undefined)
    throw new CertificateRefused('proxy_policy', `the policy language ${policyLanguage} is not known`)
  // RFC 3820 section 3.8.2: with these two languages there is no policy. Globus leaves it out of limited proxies as well.
  if (policy !== undefined && policy.byteLength > 0) {
    throw new CertificateRefused('proxy_policy', 'a policy is there that this policy language does not have')
  }
  const { pathLength } = info
  if (pathLength !== undefined && !(Number.isSafeInteger(pathLength) && pathLength >= 0)) {
    throw new CertificateRefused('malformed', 'the path length of a proxy is no number')
  }
  return { kind, pathLength }
}
