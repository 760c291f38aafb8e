import { type Clock, SciTokenError, UndecidedError } from '@scitokens/core'
import { isWaiting, quote, type Random, sleep } from '@scitokens/core/internal'
import { issueChild } from './base-token.ts'
import { type Family, type HeldToken, labelOf, livesFor } from '../state/family.ts'
import { GrantWriter } from './grant-writer.ts'
import type { Grant, OAuthClient, Wanted } from '../oauth/oauth-client.ts'
import { loginRequired } from '../oauth/oauth-failure.ts'
import { LONGEST_WAIT, waitAfter } from '../oauth/back-off.ts'
import { renewalTime } from './renewal.ts'
import type { StateStore } from '../state/state-store.ts'
import { checkWithinLogin } from './within.ts'

/** Seconds for which one process may speak to an issuer before others believe it dead. */
const LEASE = 60
const LEASE_POLL_MS = 50

/** When a token was issued that somebody had before; undefined when there was none. */
interface Seen {
  readonly issuedAt: number | undefined
}

/**
 * Speaks to issuers: at most one conversation at a time for one login, over all processes that share the state. What the issuer
 * gives is on the disk before anybody has it; failures are noted, and wait longer and longer.
 */
export class IssuerConversations {
  readonly #store: StateStore
  readonly #oauth: OAuthClient
  readonly #clock: Clock
  readonly #random: Random
  readonly #writer: GrantWriter
  readonly #flights = new Map<string, Promise<HeldToken>>()

  constructor(store: StateStore, oauth: OAuthClient, clock: Clock, random: Random) {
    this.#store = store
    this.#oauth = oauth
    this.#clock = clock
    this.#random = random
    this.#writer = new GrantWriter(store)
  }

  /**
   * Gets a new token for a family, in one flight per family and wish.
   *
   * @param seen - the token that was not good enough: another one, which somebody else has got meanwhile, is. Default: the one that is held now.
   */
  renew(family: Family, wanted: Wanted, minLifetime: number, seen?: Seen): Promise<HeldToken> {
    const key = JSON.stringify([family.id, wanted.scopes, wanted.audience])
    const flying = this.#flights.get(key)
    if (flying) return flying
    const flight = this.#renewUnderLease(family, wanted, minLifetime, seen).finally(() => this.#flights.delete(key))
    this.#flights.set(key, flight)
    return flight
  }

  /** Keeps an access token that came with a login, as if it had been asked for. */
  adopt(family: Family, grant: Grant): Promise<HeldToken> {
    return this.#keep(family, { scopes: family.scopes, audience: family.audience }, grant)
  }

  async #renewUnderLease(
    family: Family,
    wanted: Wanted,
    minLifetime: number,
    seen: Seen | undefined,
  ): Promise<HeldToken> {
    const { families, tokens, leases } = this.#store
    const before = (seen ?? (await this.#store.work(() => tokens.find(family, wanted))))?.issuedAt
    const lease = await this.#lease(family)
    try {
      const { current, held } = await this.#store.work(() => {
        const found = families.byId(family.id)
        return { current: found, held: found && tokens.find(found, wanted) }
      })
      if (!current) throw loginRequired(family.issuer, `${family.owner} has logged out of ${quote(labelOf(family))}`)
      // Somebody else was quicker while we waited.
      if (held && held.issuedAt !== before && livesFor(held, minLifetime, this.#clock())) return held
      // What was delivered under an earlier enrolment is renewed within the present one.
      checkWithinLogin(current, wanted)
      this.#checkMayAsk(current)
      return await this.#ask(current, wanted)
    } finally {
      await this.#store.work(() => leases.release(family.id, lease))
    }
  }

  async #lease({ id, issuer }: Family): Promise<string> {
    const patience = performance.now() + LEASE * 1000
    for (;;) {
      // oxlint-disable-next-line no-await-in-loop -- asked again until the other process is done
      const lease = await this.#store.work(() => this.#store.leases.acquire(id, this.#clock(), LEASE))
      if (lease !== undefined) return lease
      if (performance.now() > patience) {
        throw new UndecidedError('issuer_unavailable', `another process has been asking ${quote(issuer)} for too long`)
      }
      // oxlint-disable-next-line no-await-in-loop -- the other process tells nobody when it is done
      await sleep(LEASE_POLL_MS)
    }
  }

  #checkMayAsk(family: Family): void {
    if (family.ended !== undefined) throw loginRequired(family.issuer, family.ended)
    const now = this.#clock()
    if (!isWaiting(family.nextAttempt, now, LONGEST_WAIT)) return
    const wait = family.nextAttempt - now
    throw new UndecidedError(
      'issuer_unavailable',
      `the issuer ${quote(family.issuer)} failed ${family.failures} times; it is asked again in ${Math.ceil(wait)} s`,
      { issuer: family.issuer, retryAfterSeconds: Math.ceil(wait) },
    )
  }

  async #ask(family: Family, wanted: Wanted): Promise<HeldToken> {
    try {
      return await this.#keep(family, wanted, await this.#request(family, wanted))
    } catch (error) {
      if (error instanceof SciTokenError) await this.#note(family, error)
      throw error
    }
  }

  #keep(family: Family, wanted: Wanted, grant: Grant): Promise<HeldToken> {
    const renewAt = renewalTime(grant.issuedAt, grant.expiresAt, this.#random)
    return this.#writer.save({ family, wanted, grant, renewAt })
  }

  async #note(family: Family, error: SciTokenError): Promise<void> {
    const { families } = this.#store
    if (error.code === 'login_required') {
      await this.#store.work(() => families.end(family, error.message.replace(/; log in again$/, '')))
    }
    if (error.code !== 'issuer_unavailable' && error.code !== 'discovery_failed') return
    const failures = family.failures + 1
    const wait = waitAfter(failures, error.retryAfterSeconds, this.#random)
    const nextAttempt = this.#clock() + wait
    await this.#store.work(() => families.recordFailure(family.id, failures, nextAttempt))
  }

  async #request(family: Family, wanted: Wanted): Promise<Grant> {
    const { kind, secret } = family
    if (kind === 'base_token') return issueChild(secret!, wanted, this.#clock)
    if (kind === 'client_credentials') return this.#oauth.clientCredentials(family, wanted)
    if (secret === undefined) throw loginRequired(family.issuer, `the login of ${family.owner} has no refresh token`)
    if (isEverything(family, wanted) || !(await this.#exchanges(family))) {
      return this.#oauth.refresh(family, secret, wanted)
    }
    const everything = { scopes: family.scopes, audience: family.audience }
    const held = await this.#store.work(() => this.#store.tokens.find(family, everything))
    const base = held && livesFor(held, 60, this.#clock()) ? held : await this.#ask(family, everything)
    const { refreshToken: _never, ...grant } = await this.#oauth.exchange(family, base.token!, wanted)
    return { ...grant, refreshToken: undefined }
  }

  async #exchanges(family: Family): Promise<boolean> {
    if (family.narrowing !== 'auto') return family.narrowing === 'exchange'
    // Public clients may not exchange at most issuers; they narrow at refresh. RFC 6749 section 6.
    if (family.clientSecret === undefined || family.tokenEndpoint !== undefined) return false
    const { grant_types_supported: grants } = await this.#oauth.metadata.get(family.issuer)
    return grants?.includes('urn:ietf:params:oauth:grant-type:token-exchange') ?? false
  }
}

function isEverything(family: Family, { scopes, audience }: Wanted): boolean {
  return String(family.scopes) === String(scopes) && String(family.audience) === String(audience)
}
