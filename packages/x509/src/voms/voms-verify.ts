import type { Fqan } from '@scitokens/core/internal'
import { type Certificate, EXTENSION } from '../certificate/certificate.ts'
import { CertificateRefused } from '../errors.ts'
import type { SignatureChecks } from '../certificate/signature-checks.ts'
import { signatureHolds } from '../certificate/signatures.ts'
import { type PathPolicy, verifyPath } from '../path/verify-path.ts'
import { AC_OID, readVomsExtension, type VomsAttributes } from './voms-attributes.ts'
import type { VomsDirectory } from './vomsdir.ts'

/** What VOMS vouches for. */
export interface VerifiedAttributes {
  readonly fqans: readonly Fqan[]
  /** Seconds since the epoch. */
  readonly notAfter: number
}

/** What attribute certificates are judged by. */
export interface VomsPolicy extends PathPolicy {
  readonly vomsDirectory: VomsDirectory
  /** The names by which this server may be the target of attributes. */
  readonly hosts: readonly string[]
  /** Reads a certificate in DER. */
  readonly read: (der: Buffer) => Certificate
}

/** VOMS itself takes attributes that its server made so many seconds ahead: clocks differ. */
const AHEAD_SECONDS = 300

const UNDERSTOOD: ReadonlySet<string> = new Set([
  AC_OID.certificates,
  AC_OID.genericAttributes,
  AC_OID.authorityKey,
  AC_OID.targets,
  AC_OID.noRevocation,
])

/**
 * Verifies the attribute certificates of a chain: those of the proxy nearest to the client that has any. One that does not hold
 * refuses all, for a client that shows a forged one is nobody to believe the rest. Throws {@link CertificateRefused} and
 * `CertificateUndecided`.
 *
 * @param proxies - from the end-entity's on.
 * @param now - seconds since the epoch.
 */
export async function verifyVoms(
  endEntity: Certificate,
  proxies: readonly Certificate[],
  policy: VomsPolicy,
  now: number,
  checks: SignatureChecks,
): Promise<VerifiedAttributes> {
  const carrier = [endEntity, ...proxies].findLast((certificate) => certificate.has(EXTENSION.vomsAttributes))
  if (!carrier) return { fqans: [], notAfter: Infinity }
  const list = attributesOf(carrier, policy.read)
  let notAfter = Infinity
  for (const attributes of list) {
    checkAttributes(attributes, endEntity, policy, now)
    // oxlint-disable-next-line no-await-in-loop -- the first defect ends it
    const path = await verifyServer(attributes, policy, now, checks)
    // oxlint-disable-next-line no-await-in-loop -- one after the other, with others in between
    await checks.rest()
    notAfter = Math.min(notAfter, attributes.notAfter, path.notAfter)
  }
  return { fqans: list.flatMap(({ fqans }) => fqans), notAfter }
}

/** What certificates carry, for as long as these are remembered. */
const carried = new WeakMap<Certificate, readonly VomsAttributes[]>()

function attributesOf(carrier: Certificate, read: VomsPolicy['read']): readonly VomsAttributes[] {
  const before = carried.get(carrier)
  if (before) return before
  const list = readVomsExtension(carrier.extensions.get(EXTENSION.vomsAttributes)!.value, read)
  carried.set(carrier, list)
  return list
}

/** All that needs no other certificate. RFC 5755 section 5. */
function checkAttributes(attributes: VomsAttributes, endEntity: Certificate, { hosts }: VomsPolicy, now: number): void {
  const { vo, holder, extensions, targets } = attributes
  for (const [oid, { critical }] of extensions) {
    if (critical && !UNDERSTOOD.has(oid)) {
      throw new CertificateRefused(
        'voms_unknown_critical_extension',
        `attributes of ${vo} have the critical extension ${oid}`,
      )
    }
  }
  // RFC 5755 section 4.3.6. Nobody publishes revocation lists of attributes, so only those that need none can be judged.
  if (!extensions.has(AC_OID.noRevocation)) {
    throw new CertificateRefused('voms_revocable', `attributes of ${vo} may be revoked somewhere`)
  }
  // GFD.182 has the issuer of the holder's certificate there; VOMS itself has written the holder's own name for long.
  const named = holder.names.some((name) => name.equals(endEntity.issuer) || name.equals(endEntity.subject))
  if (!named || holder.serial !== endEntity.serial) {
    throw new CertificateRefused('voms_wrong_holder', `attributes of ${vo} are somebody else's`)
  }
  if (!(now >= attributes.notBefore - AHEAD_SECONDS)) {
    throw new CertificateRefused('voms_not_yet_valid', `attributes of ${vo} are not valid yet`)
  }
  if (!(now <= attributes.notAfter)) throw new CertificateRefused('voms_expired', `attributes of ${vo} have expired`)
  if (targets && !hosts.some((host) => targets.includes(host.toLowerCase()))) {
    throw new CertificateRefused('voms_wrong_target', `attributes of ${vo} are for other servers`)
  }
  // A VOMS server speaks for its own VO.
  if (attributes.fqans.some(({ group }) => group !== `/${vo}` && !group.startsWith(`/${vo}/`))) {
    throw new CertificateRefused('voms_foreign_group', `attributes of ${vo} name a group of another VO`)
  }
}

/** That the VOMS server which the site knows has signed them. */
async function verifyServer(
  attributes: VomsAttributes,
  policy: VomsPolicy,
  now: number,
  checks: SignatureChecks,
): Promise<{ readonly notAfter: number }> {
  const { vo, host, server, issuer } = attributes
  const chains = await policy.vomsDirectory.chains(vo, host)
  if (!server)
    throw new CertificateRefused('voms_malformed', `attributes of ${vo} come without their server's certificate`)
  const wrong = new CertificateRefused('voms_wrong_server', `attributes of ${vo} were not issued by its server ${host}`)
  const own = chains.filter(([name]) => name === server.subject.text)
  if (own.length === 0 || !server.subject.equals(issuer)) throw wrong
  const path = await verifyPath(server, policy, { others: [], now, checks }, { asClient: false })
  const names = [server, ...path.authorities].map(({ subject }) => subject.text)
  if (!own.some((chain) => chain.length <= names.length && chain.every((name, at) => name === names[at]))) throw wrong
  const { signatureAlgorithm, signed, signature } = attributes
  checks.take()
  if (!signatureHolds(signatureAlgorithm, signed, server.publicKey, signature)) {
    throw new CertificateRefused('voms_bad_signature', `attributes of ${vo} are not signed by its server`)
  }
  return path
}
