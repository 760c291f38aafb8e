import { createHash, timingSafeEqual } from 'node:crypto'
import { isSubject, decodeFormText, type Fqan, normaliseDn, parseFqan } from '@scitokens/core/internal'
import { certificatesOfHeader } from './certificate-header.ts'
import { CertificateRefused } from '../errors.ts'
import type { Credentials } from '../identity.ts'
import type { FrontEndOptions } from './front-end-options.ts'

/** What a request shows beside its certificate. */
export interface FrontEndRequest {
  /** Every value of every header, by its name in lower case. */
  readonly headers: ReadonlyMap<string, readonly string[]>
  readonly overUnixSocket: boolean
}

/** What a front end told: certificates to be judged, or whom it has judged itself. */
export type FrontEndWord =
  /** The certificates in DER, the client's own first. */
  | { readonly kind: 'certificates'; readonly chain: readonly Buffer[] }
  | { readonly kind: 'credentials'; readonly credentials: Credentials; readonly limited: boolean }

const MAX_NUMBERED = 32

/** Believes a front end, and nobody else who sends its headers. */
export class FrontEnd {
  readonly #options: FrontEndOptions
  readonly #names: ReadonlySet<string>
  readonly #prefixes: readonly string[]

  /** Of options that were found good. */
  constructor(options: FrontEndOptions) {
    const { certificateHeader, credentialPrefix, dnHeader, chainHeader } = options
    const names = [certificateHeader, chainHeader, dnHeader, options.usernameHeader, options.fqansHeader]
    this.#options = options
    this.#names = new Set(names.filter((name) => name !== undefined))
    this.#prefixes = [credentialPrefix, chainHeader && `${chainHeader}-`].filter((name) => name !== undefined)
  }

  /**
   * What the front end says of a request. `direct`: it did not come through the front end, and does not claim to.
   *
   * Throws {@link CertificateRefused} for headers of the front end that somebody else sent, and for such that make no sense.
   */
  hear(request: FrontEndRequest): FrontEndWord | 'direct' | undefined {
    if (!this.#isFrontEnd(request)) {
      const sent = [...request.headers.keys()].find((name) => this.#owns(name))
      if (sent === undefined) return 'direct'
      throw new CertificateRefused('front_end_not_believed', `the header ${sent} was not sent by the front end`)
    }
    const { certificateHeader, credentialPrefix } = this.#options
    if (certificateHeader !== undefined) return this.#certificates(request, certificateHeader)
    if (credentialPrefix !== undefined) return gridsiteCredentials(numbered(request, credentialPrefix))
    return this.#credentials(request)
  }

  #isFrontEnd({ headers, overUnixSocket }: FrontEndRequest): boolean {
    const { unixSocket = false, secret, secretHeader = 'x-front-end-secret' } = this.#options
    if (unixSocket && !overUnixSocket) return false
    if (secret === undefined) return true
    const sent = headers.get(secretHeader)
    return sent?.length === 1 && timingSafeEqual(digest(sent[0]!), digest(secret))
  }

  #owns(name: string): boolean {
    if (this.#names.has(name)) return true
    return this.#prefixes.some((prefix) => name.startsWith(prefix) && /^\d+$/.test(name.slice(prefix.length)))
  }

  #certificates(request: FrontEndRequest, header: string): FrontEndWord | undefined {
    const leaf = single(request, header)
    if (leaf === undefined) return undefined
    const { chainHeader } = this.#options
    const rest =
      chainHeader === undefined ? [] : [single(request, chainHeader) ?? [], numbered(request, `${chainHeader}-`)].flat()
    return { kind: 'certificates', chain: [leaf, ...rest].flatMap((text) => certificatesOfHeader(text)) }
  }

  #credentials(request: FrontEndRequest): FrontEndWord | undefined {
    const { dnHeader, usernameHeader, fqansHeader } = this.#options
    const dn = single(request, dnHeader!)
    if (dn === undefined) return undefined
    const username = usernameHeader === undefined ? undefined : single(request, usernameHeader)
    if (username !== undefined && !isSubject(username)) throw nonsense('a user name')
    const fqans = fqansHeader === undefined ? '' : (single(request, fqansHeader) ?? '')
    const groups = fqans.split(/[,;]/).filter((text) => text.trim() !== '')
    const name = readDn(dn)
    const credentials = { dn: name, username, fqans: groups.map(readFqan) }
    return { kind: 'credentials', credentials, limited: isLimited(name) }
  }
}

/** `GRST_CRED_AURI_n`: the first name is the certificate's own, those after it are of proxies; other kinds tell nothing here. */
function gridsiteCredentials(values: readonly string[]): FrontEndWord | undefined {
  const names = values.filter((value) => value.startsWith('dn:')).map((value) => readDn(decode(value.slice(3))))
  const [dn] = names
  if (dn === undefined) return undefined
  const fqans = values.filter((value) => value.startsWith('fqan:')).map((value) => readFqan(decode(value.slice(5))))
  return { kind: 'credentials', credentials: { dn, username: undefined, fqans }, limited: names.some(isLimited) }
}

/** Of the limited proxies, those from before RFC 3820 say it by their name; of the others a front end tells nothing. */
function isLimited(dn: string): boolean {
  return dn.endsWith('/CN=limited proxy')
}

/** The value of a header that is there once. Twice means that somebody slipped one in. */
function single({ headers }: FrontEndRequest, name: string): string | undefined {
  const values = headers.get(name) ?? []
  if (values.length > 1) throw nonsense(`the header ${name}, which came twice,`)
  const value = values[0]?.trim()
  // What Apache sends for a variable that has no value.
  return value === '' || value === '(null)' ? undefined : value
}

function numbered(request: FrontEndRequest, prefix: string): string[] {
  const values: string[] = []
  for (let index = 0; index <= MAX_NUMBERED; index++) {
    const value = single(request, `${prefix}${index}`)
    if (value === undefined) return values
    values.push(value)
  }
  throw nonsense('a list of headers without end')
}

function readDn(text: string): string {
  const dn = normaliseDn(text)
  if (!dn.startsWith('/') || !isSubject(dn)) throw nonsense('a distinguished name')
  return dn
}

function readFqan(text: string): Fqan {
  const fqan = parseFqan(text.trim())
  if (!fqan) throw nonsense('a group')
  return fqan
}

function decode(text: string): string {
  try {
    return decodeFormText(text)
  } catch {
    throw nonsense('an escape')
  }
}

function nonsense(what: string): CertificateRefused {
  return new CertificateRefused('front_end_headers', `${what} from the front end makes no sense`)
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
