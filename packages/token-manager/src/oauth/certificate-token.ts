import { type Clock, ConfigError, systemClock, TokenNotAcceptableError, UndecidedError } from '@scitokens/core'
import {
  anything,
  callable,
  given,
  having,
  listOf,
  nested,
  type OptionReaders,
  quote,
  type Reader,
  readOptions,
  text,
  whole,
  wrong,
} from '@scitokens/core/internal'
import { discoverMetadata } from '@scitokens/keycache/internal'
import type { GridCredential } from './grid-credential.ts'
import {
  type CertificateAuthorities,
  createFetch,
  type Fetch,
  type FetchOptions,
  type Proxies,
} from '@scitokens/host/https'
import { checkMetadata, exchangeWith } from './issuer-metadata.ts'
import { checkServerStatus, fromErrorCode } from './oauth-failure.ts'

/** A token that is asked for with a certificate and nothing else. */
export interface CertificateTokenRequest {
  /** The issuer that is asked, as it stands in tokens. */
  readonly issuer: string
  /** The certificate that is shown, with its key. */
  readonly credential: GridCredential
  /** What the token is to allow. Default: whatever the issuer gives. */
  readonly scopes?: readonly string[]
  /** Servers that the token is to be for. Default: the issuer's. */
  readonly audience?: readonly string[]
  /** How long the token is to live, in seconds; issuers only ever shorten it. Default: the issuer's. */
  readonly lifetime?: number
  /** Where tokens come from, told by somebody who knows; then the issuer's metadata is not asked for. */
  readonly tokenEndpoint?: string
  /** Certificate authorities trusted besides the system's: PEM text, files, or a hashed directory. Default: none. */
  readonly ca?: CertificateAuthorities
  /** HTTP proxy, which only ever sees encrypted traffic. Default: none; the environment is not asked. */
  readonly proxies?: Proxies
  /** Ends the wait with `aborted`. Default: nothing does. */
  readonly signal?: AbortSignal
  /** Tells the time, in seconds since the epoch. Default: the machine's clock. */
  readonly clock?: Clock
}

const READERS: OptionReaders<CertificateTokenRequest> = {
  issuer: text,
  credential: nested<GridCredential>({ file: text, certificate: text, key: text }),
  scopes: listOf(text, { empty: true }),
  audience: listOf(text, { empty: true }),
  lifetime: whole(1, Number.MAX_SAFE_INTEGER, 'seconds'),
  tokenEndpoint: text,
  // The HTTPS client reads these two by itself.
  ca: anything as Reader<CertificateAuthorities>,
  proxies: anything as Reader<Proxies>,
  signal: having<AbortSignal>('addEventListener', 'an AbortSignal'),
  clock: callable<Clock>(),
}

/** What the issuer gave. */
export interface CertificateToken {
  /** The access token, as it is sent to a server. */
  readonly token: string
  /** When it expires, in seconds since the epoch by our clock; undefined when the issuer does not say. */
  readonly expiresAt: number | undefined
  /** What was granted; undefined when the issuer does not say. */
  readonly scopes: readonly string[] | undefined
}

/**
 * Asks an issuer for a token with a certificate of the grid: `client_credentials` over mutual TLS, without a client id.
 *
 * Throws `bad_certificate` where the certificate is not acceptable, `scope_denied` where it gets nothing, `issuer_unavailable` and
 * `discovery_failed` where that was not decided.
 */
export async function requestTokenByCertificate(request: CertificateTokenRequest): Promise<CertificateToken> {
  const read = readOptions<CertificateTokenRequest>(request, READERS)
  for (const name of ['issuer', 'credential'] as const) {
    if (read[name] === undefined) throw wrong(name, 'given', undefined)
  }
  const { issuer, credential, scopes = [], audience = [], lifetime, signal, clock = systemClock } = read
  const fetch = fetchWith(credential, given({ ca: read.ca, proxies: read.proxies }))
  const endpoint = read.tokenEndpoint ?? (await findTokenEndpoint(issuer, fetch, clock, signal))
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

function fetchWith(credential: GridCredential, connection: Pick<FetchOptions, 'ca' | 'proxies'>): Fetch {
  const { certificate, key } = credential
  const fetch = createFetch({ identity: { certificate, key }, ...connection })
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

function readAnswer(issuer: string, status: number, answer: string, now: number): CertificateToken {
  const body = parse(answer)
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

function parse(answer: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(answer)
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
  } catch {
    return {}
  }
}
