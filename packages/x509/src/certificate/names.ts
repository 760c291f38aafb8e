import { CertificateRefused } from '../errors.ts'
import { derParts, derValue, oidOf, TooManyParts } from '../der/der.ts'
import { directoryText } from '../der/directory-text.ts'

/** Short names of attribute types, as OpenSSL and with it the grid's files write them. */
const SHORT: Readonly<Record<string, string>> = {
  '2.5.4.3': 'CN',
  '2.5.4.4': 'SN',
  '2.5.4.5': 'serialNumber',
  '2.5.4.6': 'C',
  '2.5.4.7': 'L',
  '2.5.4.8': 'ST',
  '2.5.4.9': 'street',
  '2.5.4.10': 'O',
  '2.5.4.11': 'OU',
  '2.5.4.12': 'title',
  '2.5.4.13': 'description',
  '2.5.4.17': 'postalCode',
  '2.5.4.41': 'name',
  '2.5.4.42': 'GN',
  '2.5.4.43': 'initials',
  '2.5.4.44': 'generationQualifier',
  '2.5.4.46': 'dnQualifier',
  '2.5.4.65': 'pseudonym',
  '2.5.4.97': 'organizationIdentifier',
  '0.9.2342.19200300.100.1.1': 'UID',
  '0.9.2342.19200300.100.1.25': 'DC',
  '1.2.840.113549.1.9.1': 'emailAddress',
}

const MAX_COMPONENTS = 64
const MAX_LENGTH = 1024
/** In DER; a name of {@link MAX_LENGTH} has four bytes for each character at most. */
const MAX_BYTES = 8192

/** One attribute of a name. */
interface Component {
  readonly type: string
  readonly value: string
}

/** A distinguished name: what is compared, and the one-line form that the grid's files and tools write. */
export class DistinguishedName {
  /** The name as OpenSSL and VOMS write it: `/DC=org/DC=example/CN=Ana`. */
  readonly text: string
  /** Equal for names that RFC 5280 section 7.1 takes for the same: case and runs of spaces do not count. */
  readonly key: string
  readonly #components: readonly Component[]

  private constructor(components: readonly Component[]) {
    this.#components = components
    this.text = components.map(({ type, value }) => `/${type}=${value}`).join('')
    this.key = components.map(({ type, value }) => `/${type}=${normalise(value)}`).join('')
  }

  /** Reads a Name in DER. Throws {@link CertificateRefused} for one of which the one-line form could mean another one. */
  static read(der: Buffer): DistinguishedName {
    if (der.length > MAX_BYTES) throw new CertificateRefused('too_large', 'a name is too long')
    const result = new DistinguishedName(relativeNames(der).map((rdn) => componentOf(rdn)))
    if (result.text.length > MAX_LENGTH) throw new CertificateRefused('too_large', 'a name is too long')
    return result
  }

  get isEmpty(): boolean {
    return this.#components.length === 0
  }

  equals(other: DistinguishedName): boolean {
    return this.key === other.key
  }

  /** The value of the one component that this name has more than `parent`: RFC 3820 section 3.4. Undefined: it is no such name. */
  addedCommonName(parent: DistinguishedName): string | undefined {
    const last = this.#components.at(-1)
    if (last?.type !== 'CN' || this.#components.length !== parent.#components.length + 1) return undefined
    const start = new DistinguishedName(this.#components.slice(0, -1))
    return start.equals(parent) ? last.value : undefined
  }
}

function normalise(value: string): string {
  return value.normalize('NFC').toLowerCase().trim().replaceAll(/ +/g, ' ')
}

/** RDNSequence. RFC 5280 section 4.1.2.4. */
function relativeNames(der: Buffer): Buffer[] {
  try {
    return derParts(derValue(der).content, MAX_COMPONENTS).map(({ content }) => content)
  } catch (cause) {
    if (cause instanceof TooManyParts)
      throw new CertificateRefused('too_large', 'a name has too many components', cause)
    throw cause
  }
}

/** Of a RelativeDistinguishedName, without its tag and length. */
function componentOf(rdn: Buffer): Component {
  const [first, second] = derParts(rdn)
  // The one-line form cannot tell `CN=a+UID=b` from two components.
  if (!first || second) throw new CertificateRefused('ambiguous_name', 'a name has a component of several values')
  const [id, text, ...more] = derParts(first.content)
  if (!id || !text || more.length > 0) throw new CertificateRefused('malformed', 'a name makes no sense')
  const type = oidOf(id)
  const written = directoryText(text)
  if (written === undefined) throw new CertificateRefused('ambiguous_name', 'a name has a value that is no text')
  // Once escaped, `Andr\xC3\xA9` in letters and `Andr\u00e9` could not be told apart, nor could what their case hides.
  if (/\\x[\da-f]{2}/i.test(written)) {
    throw new CertificateRefused('ambiguous_name', 'a name has a value that reads as an escape')
  }
  const value = escape(written)
  // `O=x/CN=root` would read as two components; `CN=host/se.example.org` is as old as the grid, and harmless.
  if (/\/[A-Za-z0-9.]+=/.test(value)) {
    throw new CertificateRefused('ambiguous_name', 'a name has a value that reads as another component')
  }
  return { type: SHORT[type] ?? type, value }
}

/** Printable ASCII as it is, everything else escaped as OpenSSL's one-line form has it: `\xC3\xA9`. */
function escape(text: string): string {
  return Buffer.from(text, 'utf8')
    .toString('latin1')
    .replaceAll(/[^\x20-\x7e]/g, (char) => `\\x${char.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`)
}
