import { ConfigError } from '@scitokens/core'
import { isLoopbackHost, quote, readUrl } from '@scitokens/core/internal'

/**
 * Checks a redirect URI at registration: `https`, `http` on a loopback host, or a private scheme with a dot in its name
 * (RFC 8252 section 7); no fragment (RFC 6749 section 3.1.2). Throws `config_error`.
 */
export function checkRedirectUri(uri: string): string {
  const refuse = (why: string): ConfigError => new ConfigError('config_error', `the redirect URI ${quote(uri)} ${why}`)
  const url = readUrl(uri)
  if (url === undefined || uri.length > 2048) throw refuse('is not a URI')
  if (uri.includes('#')) throw refuse('has a fragment')
  if (url.username || url.password) throw refuse('names a user')
  if (url.protocol === 'https:') return uri
  if (url.protocol === 'http:') {
    if (!isLoopbackHost(url.hostname)) throw refuse('is neither https nor on a loopback host')
    return uri
  }
  // RFC 8252 section 7.1: a scheme that is a reversed domain name. javascript: and data: have no dot.
  if (!url.protocol.slice(0, -1).includes('.')) throw refuse('has a scheme that is no reversed domain name')
  return uri
}

/** Whether a requested URI is a registered one: to the letter, but for the port of a loopback host (RFC 8252 section 7.3). */
export function redirectUriMatches(registered: readonly string[], requested: string): boolean {
  return registered.some((uri) => uri === requested || withoutLoopbackPort(uri) === withoutLoopbackPort(requested, uri))
}

function withoutLoopbackPort(uri: string, fallback?: string): string | undefined {
  const match = /^(http:\/\/(?:127\.0\.0\.1|\[::1\]|localhost))(?::\d{1,5})?((?:\/[^#]*)?)$/.exec(uri)
  return match ? match[1]! + match[2]! : fallback === undefined ? uri : undefined
}
