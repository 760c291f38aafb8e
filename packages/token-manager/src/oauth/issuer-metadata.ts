import { type Clock, systemClock, UndecidedError } from '@scitokens/core'
import { type HttpGet, quote, unusableUrl } from '@scitokens/core/internal'
import { discoverMetadata, type Exchange } from '@scitokens/keycache/internal'
import type { AuthorizationServer } from 'oauth4webapi'
import type { Fetch } from '@scitokens/host/https'
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
    return checkMetadata(issuer, await discoverMetadata(exchangeWith(issuer, this.#fetch, this.#clock)))
  }
}

/** How an issuer is asked for its metadata by a client's own `fetch`, which has limits and a deadline. Redirects are not followed. */
export function exchangeWith(issuer: string, fetch: Fetch, clock: Clock, signal: AbortSignal = NEVER): Exchange {
  const get: HttpGet = async ({ url, headers }) => {
    const response = await fetch(url.href, { headers: { ...headers }, signal })
    const body = response.status === 200 ? new Uint8Array(await response.arrayBuffer()) : new Uint8Array()
    return { status: response.status, headers: Object.fromEntries(response.headers), body }
  }
  // Plain HTTP is for `fetch` to allow or refuse.
  const rule = { maxRedirects: 0, redirectOrigins: [], dangerouslyAllowLoopbackHttp: true }
  return { issuer, get, signal, now: clock(), ...rule }
}

const NEVER = new AbortController().signal

/** What of a metadata document is asked, or opened in a person's browser. */
const URLS = [
  'token_endpoint',
  'authorization_endpoint',
  'device_authorization_endpoint',
  'registration_endpoint',
  'revocation_endpoint',
]

/** Checks what of an issuer's metadata is used here. Throws `discovery_failed`. */
export function checkMetadata(issuer: string, document: Readonly<Record<string, unknown>>): AuthorizationServer {
  const metadata = document as AuthorizationServer
  if (typeof metadata.token_endpoint !== 'string') throw failed(issuer, 'publishes no token_endpoint')
  const unusable = unusableUrl(metadata, URLS)
  if (unusable !== undefined) throw failed(issuer, `publishes a ${unusable} that is no https URL`)
  return metadata
}

function failed(issuer: string, what: string): UndecidedError {
  return new UndecidedError('discovery_failed', `the issuer ${quote(issuer)} ${what}`, { issuer })
}
