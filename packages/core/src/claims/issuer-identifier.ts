import { ConfigError, quote } from '../errors.ts'
import { isLoopbackHost } from '../internal/urls.ts'

/** Options of {@link checkIssuerIdentifier}. */
export interface IssuerIdentifierOptions {
  /**
   * Accept `http://` for a loopback host (127.0.0.0/8, ::1, localhost), for demonstrations and tests. Whoever can listen
   * there can then issue tokens. Default: false.
   */
  readonly dangerouslyAllowLoopbackHttp?: boolean
}

/**
 * Checks a *configured* issuer: an `https` URL without user, query and fragment (RFC 8414 section 2). It is compared with
 * a token's `iss` byte for byte, so it is returned as it came.
 *
 * Throws `config_error`, or `insecure_url` for plain HTTP.
 */
export function checkIssuerIdentifier(issuer: string, options: IssuerIdentifierOptions = {}): string {
  const problem = (why: string): ConfigError =>
    new ConfigError('config_error', `the issuer ${quote(issuer)} ${why}`, { issuer })
  if (typeof issuer !== 'string' || !URL.canParse(issuer)) throw problem('is not a URL')
  // Checked on the text: the URL parser mends what must not be mended.
  if (!/^[\x21-\x7e]+$/.test(issuer) || /['"<>\\^`{|};]/.test(issuer))
    throw problem('has characters that no issuer has')
  if (!/^[a-z][a-z0-9+.-]*:\/\/[^/]/i.test(issuer)) throw problem('names no host')
  const url = new URL(issuer)
  if (url.protocol === 'http:') {
    if (!(options.dangerouslyAllowLoopbackHttp && isLoopbackHost(url.hostname))) {
      throw new ConfigError('insecure_url', `the issuer ${quote(issuer)} is not https`, { issuer })
    }
  } else if (url.protocol !== 'https:') throw problem('is not an https URL')
  if (url.username || url.password) throw problem('names a user')
  if (/[?#]/.test(issuer)) throw problem('has a query or a fragment')
  return issuer
}
