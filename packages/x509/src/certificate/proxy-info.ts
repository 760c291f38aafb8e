import { DER, derParts, type DerPart, derValue, oidOf } from '../der/der.ts'
import { wholeNumberOf } from '../der/values.ts'
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

const PATH_LENGTH_OF_DRAFT = 0xa1

/**
 * Reads the extension. Throws {@link CertificateRefused}: a policy that nobody here can read may forbid anything, so whoever does
 * not understand it must refuse (RFC 3820 section 4.1.3).
 */
export function readProxyInfo(der: Buffer, draft = false): ProxyInfo {
  if (der.length > MAX_BYTES) throw new CertificateRefused('too_large', 'the proxy information is too long')
  let cut: CutProxyInfo
  try {
    cut = draft ? cutDraft(der) : cutProxyInfo(der)
  } catch (cause) {
    throw new CertificateRefused('malformed', 'the proxy information makes no sense', cause)
  }
  const { language, policy, pathLength } = cut
  const kind = Object.hasOwn(POLICY_LANGUAGES, language) ? POLICY_LANGUAGES[language] : undefined
  if (kind === undefined) throw new CertificateRefused('proxy_policy', `the policy language ${language} is not known`)
  // RFC 3820 section 3.8.2: with these two languages there is no policy. Globus leaves it out of limited proxies as well.
  if (policy !== undefined && policy.length > 0) {
    throw new CertificateRefused('proxy_policy', 'a policy is there that this policy language does not have')
  }
  return { kind, pathLength }
}

interface CutProxyInfo {
  /** The OID of the policy language. */
  readonly language: string
  readonly policy: Buffer | undefined
  readonly pathLength: number | undefined
}

/** `SEQUENCE { pCPathLenConstraint INTEGER OPTIONAL, proxyPolicy ProxyPolicy }`. RFC 3820 section 3.8. */
function cutProxyInfo(der: Buffer): CutProxyInfo {
  const parts = derParts(sequence(derValue(der)), 2)
  const pathLength = parts[0]?.tag === DER.integer ? wholeNumberOf(parts.shift()!) : undefined
  const [policy, ...rest] = parts
  if (!policy || rest.length > 0) throw new Error('it has not exactly one policy')
  return { ...cutPolicy(policy), pathLength }
}

/** `SEQUENCE { proxyPolicy ProxyPolicy, pCPathLenConstraint [1] EXPLICIT INTEGER OPTIONAL }`: draft-ietf-pkix-proxy-01. */
function cutDraft(der: Buffer): CutProxyInfo {
  const [policy, length] = derParts(sequence(derValue(der)), 2)
  if (!policy || (length && length.tag !== PATH_LENGTH_OF_DRAFT)) throw new Error('it has not exactly one policy')
  return { ...cutPolicy(policy), pathLength: length && wholeNumberOf(derValue(length.content)) }
}

/** `SEQUENCE { policyLanguage OBJECT IDENTIFIER, policy OCTET STRING OPTIONAL }`. */
function cutPolicy(part: DerPart): Pick<CutProxyInfo, 'language' | 'policy'> {
  const [language, policy] = derParts(sequence(part), 2)
  if (!language || (policy && policy.tag !== DER.octetString)) throw new Error('the policy makes no sense')
  return { language: oidOf(language), policy: policy?.content }
}

function sequence({ tag, content }: DerPart): Buffer {
  if (tag !== DER.sequence) throw new Error('a part of it is none of its parts')
  return content
}
