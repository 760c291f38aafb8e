import { type Clock, systemClock, UndecidedError } from '@scitokens/core'
import { quote, unusableUrl } from '@scitokens/core/internal'
import { metadataUrls } from '@scitokens/keycache'
import type { AuthorizationServer } from 'oauth4webapi'
import type { Fetch } from '@scitokens/host/https'
import { checkServerStatus } from './oauth-failure.ts'
import { LONGEST_DELAY } from './back-off.ts'

/** Seconds for which an issuer's metadata is believed without asking again. */
const FRESH_FOR = 3600
/**
 * Seconds until an issuer that failed is asked for its metadata again: as long as the longest pause between two probes of its token
 * endpoint. Otherwise each probe would be two requests, and the first of them of no use.
 */
const RETRY_AFTER: number = LONGEST_DELAY

interface Known {
  readonly metadata: AuthorizationServer
  readonly fetchedAt: number
}

/** Issuers' OAuth metadata, asked for once an hour; an issuer that is away is served from memory. */
export class IssuerMetadata {
  readonly #known = new Map<string, Known>()
  readonly #flights = new Map<string, Promise<AuthorizationServer>>()
  readonly #fetch: Fetch
  readonly #clock: Clock

  constructor(fetch: Fetch, clock: Clock = systemClock) {
    this.#fetch = fetch
    this.#clock = clock
  }

  /** The metadata of an issuer. Throws `issuer_unavailable` or `discovery_failed`. */
  get(issuer: string): Promise<AuthorizationServer> {
    const known = this.#known.get(issuer)
    if (known && Math.abs(this.#clock() - known.fetchedAt) < FRESH_FOR) return Promise.resolve(known.metadata)
    const flying = this.#flights.get(issuer)
    if (flying) return flying
    const flight = this.#load(issuer, known).finally(() => this.#flights.delete(issuer))
    this.#flights.set(issuer, flight)
    return flight
  }

  async #load(issuer: string, known: Known | undefined): Promise<AuthorizationServer> {
    try {
      const metadata = await this.#discover(issuer)
      this.#known.set(issuer, { metadata, fetchedAt: this.#clock() })
      return metadata
    } catch (error) {
      if (!known) throw error
      // Not asked again for each request that the issuer's absence fails anyway.
      this.#known.set(issuer, { ...known, fetchedAt: this.#clock() - FRESH_FOR + RETRY_AFTER })
      return known.metadata
    }
  }

  async #discover(issuer: string): Promise<AuthorizationServer> {
    for (const url of metadataUrls(issuer)) {
      // oxlint-disable-next-line no-await-in-loop -- the next place is asked only when this one has nothing
      const response = await this.#fetch(url, { headers: { accept: 'application/json' } })
      checkServerStatus(issuer, response, this.#clock())
      // oxlint-disable-next-line no-await-in-loop -- as above
      if (response.status === 200) return readMetadata(issuer, await response.text())
      if (response.status < 400) break // a redirect: whoever can break one answer must not choose another
    }
    throw failed(issuer, 'publishes no metadata')
  }
}

/** What of a metadata document is asked, or opened in a person's browser. */
const URLS = [
  'token_endpoint',
  'authorization_endpoint',
  'device_authorization_endpoint',
  'registration_endpoint',
  'revocation_endpoint',
]

/** Reads a metadata document. Throws `discovery_failed` for one of another issuer. */
export function readMetadata(issuer: string, text: string): AuthorizationServer {
  let document: unknown
  try {
    document = JSON.parse(text)
  } catch {
    throw failed(issuer, 'publishes metadata that is not JSON')
  }
  const metadata = (document ?? {}) as AuthorizationServer
  // RFC 8414 section 3.3, byte for byte: otherwise one issuer could speak for another.
  if (metadata.issuer !== issuer)
    throw failed(issuer, `publishes metadata of another issuer, ${quote(metadata.issuer)}`)
  if (typeof metadata.token_endpoint !== 'string') throw failed(issuer, 'publishes no token_endpoint')
  const unusable = unusableUrl(metadata, URLS)
  if (unusable !== undefined) throw failed(issuer, `publishes a ${unusable} that is no https URL`)
  return metadata
}

function failed(issuer: string, what: string): UndecidedError {
  return new UndecidedError('discovery_failed', `the issuer ${quote(issuer)} ${what}`, { issuer })
}
