/** RFC 3986 section 2: nothing else stands in a URI, and a percent sign only before two digits. */
const URI = /^(?:[A-Za-z0-9\-._~:/?#[\]@!$&'()*+,;=]|%[0-9A-Fa-f]{2})+$/

/**
 * Reads a URL that somebody else has written, to the letter. The URL parser mends what must not be mended, and others mend it in another
 * way: it drops tabs and line breaks wherever they stand, takes a backslash for a slash, and reads `https:host` and `https:///host` as if
 * they named a host in order.
 *
 * @param base - what a relative reference (in a `Location`, say) is relative to. Default: only absolute URLs are read.
 * @returns undefined for what is no URL, is no text, or is one only after it was mended.
 */
export function readUrl(text: unknown, base?: URL): URL | undefined {
  if (typeof text !== 'string' || !URI.test(text) || !URL.canParse(text, base)) return undefined
  const url = new URL(text, base)
  if (/^(?:https?:|\/\/)/i.test(text) && !isHostAsWritten(text, url)) return undefined
  return url
}

/** The parser also makes numbers and escapes into addresses: `0x7f.1` and `%31%32%37.0.0.1` are 127.0.0.1 to it and to nobody else. */
function isHostAsWritten(text: string, url: URL): boolean {
  const host = /^(?:https?:)?\/\/(?:[^/?#@]*@)?(\[[^\]]*\]|[^/?#:@]+)(?=[:/?#]|$)/i.exec(text)?.[1]
  return host !== undefined && (host.startsWith('[') || host.toLowerCase() === url.hostname)
}

/**
 * The first member of an issuer's metadata, of those named, that is there and is no URL to be asked or shown to a person: `https`, or
 * `http` on a loopback host, which only those speak to who allow it. Undefined when all are fine.
 */
export function unusableUrl(metadata: object, members: readonly string[]): string | undefined {
  return members.find((member) => {
    const value = Object.hasOwn(metadata, member) ? (metadata as Record<string, unknown>)[member] : undefined
    return value !== undefined && !isWebUrl(value)
  })
}

/** Whether a text is an `https` URL, or an `http` one on a loopback host, to the letter and without a user. */
export function isWebUrl(text: unknown): boolean {
  const url = readUrl(text)
  if (url === undefined || url.username !== '' || url.password !== '') return false
  return isSecureUrl(url, true)
}

/** Whether a URL's host is this machine: 127.0.0.0/8, `[::1]` or `localhost`. */
export function isLoopbackHost(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127(?:\.\d{1,3}){3}$/.test(hostname)
}

/** Whether a URL may be spoken to: `https`, or `http` on a loopback host where somebody has allowed that for demonstrations and tests. */
export function isSecureUrl(url: URL, allowLoopbackHttp: boolean): boolean {
  return url.protocol === 'https:' || (allowLoopbackHttp && url.protocol === 'http:' && isLoopbackHost(url.hostname))
}
