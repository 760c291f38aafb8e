import { type Certificate, extensionsOf, serialOf, USAGE } from '../certificate/certificate.ts'
import { algorithmOf } from '../certificate/certificate-parts.ts'
import { CertificateUndecided } from '../errors.ts'
import { DER, derParts, derValue } from '../der/der.ts'
import { secondsOf } from '../der/time.ts'
import { DistinguishedName } from '../certificate/names.ts'
import { signatureHolds } from '../certificate/signatures.ts'

/** A certificate revocation list, read but not judged. RFC 5280 section 5.1. */
export interface Crl {
  readonly issuer: DistinguishedName
  /** Seconds since the epoch. */
  readonly thisUpdate: number
  /** Undefined: it does not say, which RFC 5280 does not allow. */
  readonly nextUpdate: number | undefined
  /** Serial numbers as {@link serialOf} writes them. */
  readonly revoked: ReadonlySet<string>
  /** Something in it that may change its meaning and is not understood here. */
  readonly notUnderstood: string | undefined
  readonly signed: Buffer
  readonly signatureAlgorithm: string
  readonly signature: Buffer
}

const NUMBER = '2.5.29.20'
const AUTHORITY_KEY = '2.5.29.35'
const DELTA = '2.5.29.27'
const DISTRIBUTION_POINT = '2.5.29.28'
const CONTEXT_0 = 0xa0

/** Reads a list in DER. Throws for what is none. */
export function readCrl(der: Buffer): Crl {
  const [tbs, algorithm, signature] = derParts(derValue(der).content)
  if (!tbs || !algorithm || signature?.tag !== DER.bitString) throw new Error('this is no revocation list')
  const parts = derParts(tbs.content)
  if (parts[0]?.tag === DER.integer) parts.shift()
  const [innerAlgorithm, issuer, thisUpdate, ...rest] = parts
  if (!innerAlgorithm || !issuer || !thisUpdate) throw new Error('this is no revocation list')
  if (!innerAlgorithm.whole.equals(algorithm.whole)) throw new Error('the list names two signature algorithms')
  const nextUpdate = rest[0] && isTime(rest[0].tag) ? rest.shift() : undefined
  const entries = rest[0]?.tag === DER.sequence ? derParts(rest.shift()!.content) : []
  const extensions = rest[0]?.tag === CONTEXT_0 ? derValue(rest.shift()!.content).content : undefined
  if (rest.length > 0) throw new Error('the list has parts that no list has')
  const { revoked, criticalEntry } = readEntries(entries.map(({ content }) => content))
  return {
    issuer: DistinguishedName.read(issuer.whole),
    thisUpdate: secondsOf(thisUpdate),
    nextUpdate: nextUpdate && secondsOf(nextUpdate),
    revoked,
    notUnderstood: criticalEntry ? 'an entry with a critical extension' : notUnderstood(extensions),
    signed: tbs.whole,
    signatureAlgorithm: algorithmOf(algorithm),
    signature: signature.content.subarray(1),
  }
}

function readEntries(entries: readonly Buffer[]): { revoked: ReadonlySet<string>; criticalEntry: boolean } {
  const revoked = new Set<string>()
  let criticalEntry = false
  for (const entry of entries) {
    const [serial, , extensions] = derParts(entry)
    if (serial?.tag !== DER.integer) throw new Error('an entry has no serial number')
    revoked.add(serialOf(serial.content))
    // Reason codes and dates are not critical. What is (the issuer of an indirect list's entry) makes it another one's entry.
    if (extensions && derParts(extensions.content).some(({ content }) => derParts(content)[1]?.tag === DER.boolean)) {
      criticalEntry = true
    }
  }
  return { revoked, criticalEntry }
}

/** Deltas and lists of a part of the certificates do not say of the others that they are good. */
function notUnderstood(extensions: Buffer | undefined): string | undefined {
  if (!extensions) return undefined
  const found = [...extensionsOf(extensions)].find(([oid, { critical, value }]) => {
    if (oid === DELTA) return true
    if (oid === DISTRIBUTION_POINT) return isPartial(value)
    return critical && oid !== NUMBER && oid !== AUTHORITY_KEY
  })
  return found && `the extension ${found[0]}`
}

/** RFC 5280 section 5.2.5: where the list is published does not matter; every other member leaves certificates out. */
function isPartial(distributionPoint: Buffer): boolean {
  return derParts(derValue(distributionPoint).content).some(({ tag }) => tag !== CONTEXT_0)
}

function isTime(tag: number): boolean {
  return tag === 0x17 || tag === 0x18
}

/**
 * Whether an authority's lists revoke a certificate. Throws {@link CertificateUndecided} where no list says so that can be relied on:
 * that one is missing, too old or forged is not the client's fault.
 *
 * @param lists - those found for the authority's name.
 * @param required - whether an authority without a list is one about which nothing can be decided.
 */
export function isRevoked(
  certificate: Certificate,
  authority: Certificate,
  lists: readonly Crl[],
  { now, required }: { now: number; required: boolean },
): boolean {
  const name = authority.subject.text
  const own = lists.filter((list) => list.issuer.equals(authority.subject))
  if (own.length === 0) {
    if (!required) return false
    throw new CertificateUndecided('crl_missing', `there is no revocation list of ${name}`)
  }
  const signed = own.filter((list) => holds(list, authority))
  if (signed.length === 0) {
    throw new CertificateUndecided('crl_bad_signature', `the revocation list of ${name} is not signed by it`)
  }
  // After a change of its key an authority has two lists under one name; the next one may have been laid down early.
  const newest = signed.filter((list) => now >= list.thisUpdate).toSorted((a, b) => b.thisUpdate - a.thisUpdate)[0]
  if (!newest) {
    throw new CertificateUndecided('crl_not_yet_valid', `the revocation list of ${name} is of the future`)
  }
  if (newest.notUnderstood !== undefined) {
    throw new CertificateUndecided('crl_unsupported', `the revocation list of ${name} has ${newest.notUnderstood}`)
  }
  if (newest.nextUpdate === undefined || now > newest.nextUpdate) {
    throw new CertificateUndecided('crl_expired', `the revocation list of ${name} has expired`)
  }
  return newest.revoked.has(certificate.serial)
}

/** Whose signature a list has and has not: that never changes. */
const signers = new WeakMap<Crl, WeakMap<Certificate, boolean>>()

function holds(list: Crl, authority: Certificate): boolean {
  if (!authority.hasUsage(USAGE.cRLSign)) return false
  let known = signers.get(list)
  if (!known) signers.set(list, (known = new WeakMap()))
  let result = known.get(authority)
  if (result === undefined) known.set(authority, (result = isSigned(list, authority)))
  return result
}

function isSigned(list: Crl, authority: Certificate): boolean {
  try {
    return signatureHolds(list.signatureAlgorithm, list.signed, authority.publicKey, list.signature)
  } catch {
    return false
  }
}
