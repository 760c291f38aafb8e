const BLOCK =
  /-----BEGIN (?:X509 |TRUSTED )?CERTIFICATE-----([A-Za-z0-9+/=\s]*)-----END (?:X509 |TRUSTED )?CERTIFICATE-----/g
const CRL_BLOCK = /-----BEGIN X509 CRL-----([A-Za-z0-9+/=\s]*)-----END X509 CRL-----/g

/** The certificates of a PEM text, in DER. Other blocks and comments are passed over. */
export function certificatesOfPem(text: string): Buffer[] {
  return blocks(text, BLOCK)
}

/** The revocation lists of a file, PEM or one in DER. */
export function crlsOfFile(content: Buffer): Buffer[] {
  // A SEQUENCE begins with 0x30, which a PEM file cannot: it is text before `-----BEGIN`, or that itself.
  if (content[0] === 0x30 && content[1] !== undefined && content[1] > 0x7f) return [content]
  return blocks(content.toString('latin1'), CRL_BLOCK)
}

function blocks(text: string, pattern: RegExp): Buffer[] {
  return [...text.matchAll(pattern)].map((match) => Buffer.from(match[1]!, 'base64'))
}
