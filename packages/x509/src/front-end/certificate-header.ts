import { CertificateRefused } from '../errors.ts'
import { certificatesOfPem } from '../der/pem.ts'
import { checkPresented } from '../certificate/presented.ts'

const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/

/**
 * The certificates in a header, in DER: PEM with its escapes as nginx sends it, PEM with blanks for line ends as Apache does,
 * byte sequences of RFC 9440, or bare base64. Throws `CertificateRefused`.
 */
export function certificatesOfHeader(text: string): Buffer[] {
  const certificates = read(text)
  if (certificates.length === 0) {
    throw new CertificateRefused('front_end_headers', 'the certificate from the front end makes no sense')
  }
  checkPresented(certificates.length)
  return certificates
}

function read(text: string): Buffer[] {
  if (text.startsWith('-----BEGIN%20')) return certificatesOfPem(unescape(text))
  if (text.startsWith('-----BEGIN')) return certificatesOfPem(text)
  // RFC 9440 section 2: a byte sequence, or a list of them.
  const items = text.split(',').map((item) => /^:(.*):$/.exec(item.trim())?.[1] ?? item.trim())
  return items.every((item) => BASE64.test(item)) ? items.map((item) => Buffer.from(item, 'base64')) : []
}

function unescape(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return ''
  }
}
