import { type Clock, ConfigError, systemClock, TokenNotAcceptableError, UndecidedError } from '@scitokens/core'
import { given, quote } from '@scitokens/core/internal'
import { discoverMetadata } from '@scitokens/keycache/internal'
import type { GridCredential } from './grid-credential.ts'
import { type CertificateAuthorities, createFetch, type Fetch } from '@scitokens/host/https'
import { checkMetadata, exchangeWith } from './issuer-metadata.ts'
import { checkServerStatus, fromErrorCode } from './oauth-failure.ts'

/** A token that is asked for with a certificate and nothing else. */
export interface CertificateTokenRequest {
  readonly issuer: string
  readonly credential: GridCredential
  /** Default: whatever the issuer gives. */
  readonly scopes?: readonly string[]
  /** Default: the issuer's. */
  readonly audience?: readonly string[]
  /** In seconds; issuers only ever shorten. */
  readonly lifetime?: number
  /** Where tokens come from, told by somebody who knows; then the issuer's metadata is not asked for. */
  readonly tokenEndpoint?: string
  readonly ca?: CertificateAuthorities
  readonly signal?: AbortSignal
  readonly clock?: Clock
}

/** What the issuer gave. */
export interface CertificateToken {
  readonly token: string
  /** Seconds since the epoch, by our clock; undefined: the issuer does not say. */
  readonly expiresAt: number | undefined
  /** What was granted, where the issuer says so. */
  readonly scopes: readonly string[] | undefined
}

/**
 * Asks an issuer for a token with a certificate of the grid: `client_credentials` over mutual TLS, without a client id.
 *
 * Throws `bad_certificate` where the certificate is not acceptable, `scope_denied` where it gets nothing, `issuer_unavailable` and
 * `discovery_failed` where that was not decided.
 */
export async function requestTokenByCertificate(request: CertificateTokenRequest): Promise<CertificateToken> {
  const { issuer, credential, scopes = [], audience = [], lifetime, signal, clock = systemClock } = request
  const fetch = fetchWith(credential, request.ca)
  const endpoint = request.tokenEndpoint ?? (await findTokenEndpoint(issuer, fetch, clock, signal))
  const scope = scopes.join(' ')
  const form = new URLSearchParams({
    grant_type: 'client_credentials',
    // The second is how the older service spells it.
    ...(scope === '' ? {} : { scope, scopes: scope }),
    ...(audience.length === 0 ? {} : { audience: audience.join(' ') }),
    ...(lifetime === undefined ? {} : { expires_in: String(lifetime) }),
  })
  const headers = { 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json' }
  const response = await fetch(endpoint, { method: 'POST', headers, body: form, ...given({ signal }) })
  checkServerStatus(issuer, response, clock())
  return readAnswer(issuer, response.status, await response.text(), clock())
}

function fetchWith(credential: GridCredential, ca: CertificateAuthorities | undefined): Fetch {
  const { certificate, key } = credential
  const fetch = createFetch({ identity: { certificate, key }, ...given({ ca }) })
  return async (url, init) => {
    try {
      return await fetch(url, init)
    } catch (cause) {
      // What OpenSSL says of a key that does not fit, or has a passphrase.
      const { code = '' } = cause as NodeJS.ErrnoException
      if (!/^ERR_(?:OSSL_|MISSING_PASSPHRASE)/.test(code)) throw cause
      throw new ConfigError('config_error', `certificate and key in ${credential.file} cannot be used: ${code}`, {
        cause,
      })
    }
  }
}

/** In the order of the grid's own clients: RFC 8414 first, for an OpenID provider at the same URL may know no certificates. */
async function findTokenEndpoint(
  issuer: string,
  fetch: Fetch,
  clock: Clock,
  signal: AbortSignal | undefined,
): Promise<string> {
  const document = await discoverMetadata(exchangeWith(issuer, fetch, clock, signal), { first: 'oauth' })
  return checkMetadata(issuer, document).token_endpoint!
}

function readAnswer(issuer: string, status: number, text: string, now: number): CertificateToken {
  const body = parse(text)
  const { access_token: token, expires_in: lifetime, scope, error, error_description: detail } = body
  if (status === 200 && typeof token === 'string') {
    const scopes = typeof scope === 'string' ? scope.split(' ').filter((item) => item !== '') : undefined
    return { token, expiresAt: typeof lifetime === 'number' ? now + lifetime : undefined, scopes }
  }
  if (error === 'invalid_client') {
    const said = typeof detail === 'string' ? `: ${quote(detail)}` : ''
    throw new TokenNotAcceptableError(
      'bad_certificate',
      `the issuer ${quote(issuer)} does not accept this certificate${said}`,
      {
        issuer,
      },
    )
  }
  if (typeof error === 'string') {
    throw fromErrorCode(issuer, { error, ...(typeof detail === 'string' ? { error_description: detail } : {}) })
  }
  throw new UndecidedError('issuer_unavailable', `the answer of the issuer ${quote(issuer)} makes no sense`, { issuer })
}

function parse(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
  } catch {
    return {}
  }
}
