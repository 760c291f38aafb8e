import { setTimeout as delay } from 'node:timers/promises'
import { type Clock, NotAllowedError, quote, SciTokenError, systemClock, UndecidedError } from '@scitokens/core'
import { issueChild } from './base-token.ts'
import { checkFamilyName, checkWanted, type Delivery, type Family, type FamilyName, type HeldToken } from './family.ts'
import { GrantWriter } from './grant-writer.ts'
import { loadKeyFile } from './key-file.ts'
import { type Grant, OAuthClient, type Wanted } from './oauth-client.ts'
import { loginRequired } from './oauth-failure.ts'
import { backOff, type Random, renewalTime } from './renewal.ts'
import { SecretBox } from './secret-box.ts'
import { StateStore } from './state-store.ts'
import { writeTokenFile } from './token-file.ts'
import type {
  AccessToken,
  DeliveryRequest,
  Enrolment,
  FamilyStatus,
  TokenManagerOptions,
  TokenRequest,
} from './token-manager-types.ts'
import { join } from 'node:path'

/** Seconds for which one process may speak to an issuer before others believe it dead. */
const LEASE = 60
const LEASE_POLL_MS = 50

/**
 * Keeps logins and makes access tokens of them. Several of these, in several processes, may use one state directory: for one login only one
 * of them speaks to the issuer at a time.
 */
export class TokenManager {
  readonly store: StateStore
  readonly oauth: OAuthClient
  readonly clock: Clock
  readonly #random: Random
  readonly #writer: GrantWriter
  readonly #flights = new Map<string, Promise<HeldToken>>()

  private constructor(store: StateStore, oauth: OAuthClient, clock: Clock, random: Random) {
    this.store = store
    this.#writer = new GrantWriter(store)
    this.oauth = oauth
    this.clock = clock
    this.#random = random
  }

  /** Opens the state. Throws `config_error` for a directory, key or file that is not right, `undecided` for a full disk. */
  static open(options: TokenManagerOptions): TokenManager {
    const { stateDirectory, keyFile = join(stateDirectory, 'key'), clock = systemClock, random = Math.random } = options
    const store = new StateStore(stateDirectory, new SecretBox(loadKeyFile(keyFile)))
    return new TokenManager(store, options.oauth ?? new OAuthClient({ clock }), clock, random)
  }

  /** Keeps a login, in place of an earlier one of the same name. */
  enrol(enrolment: Enrolment): FamilyStatus {
    const { secret, clientSecret } = enrolment
    const kind = enrolment.kind ?? (secret === undefined ? 'client_credentials' : 'refresh_token')
    const family = this.store.putFamily(
      {
        ...checkFamilyName(enrolment),
        ...checkWanted({ scopes: enrolment.scopes ?? [], audience: enrolment.audience ?? [] }),
        issuer: enrolment.issuer,
        clientId: enrolment.clientId,
        ...(clientSecret === undefined ? {} : { clientSecret }),
        ...(enrolment.tokenEndpoint === undefined ? {} : { tokenEndpoint: enrolment.tokenEndpoint }),
        kind,
        secret,
        narrowing: enrolment.narrowing ?? 'auto',
      },
      this.clock(),
    )
    return statusOf(family)
  }

  /** What is known of the logins of one owner, or of all. */
  list(owner?: string): FamilyStatus[] {
    return this.store.listFamilies(owner).map(statusOf)
  }

  /**
   * An access token that lives long enough: one that is held, else a new one. Calls for the same login share one request to the
   * issuer, over all processes.
   *
   * Throws `login_required`, `scope_denied`, `issuer_unavailable` (also during back-off), `config_error`.
   */
  async accessToken(request: TokenRequest): Promise<AccessToken> {
    const { minLifetime = 60, signal } = request
    const family = this.#familyOf(request)
    const wanted = wantedOf(family, request)
    const held = this.store.findToken(family, wanted)
    if (held && this.#livesFor(held, minLifetime)) return accessTokenOf(held)
    return accessTokenOf(await abortable(this.renew(family, wanted, minLifetime), signal))
  }

  /** Gets a new token for a family, in one flight per family and wish. Files that are made from it are written as well. */
  renew(family: Family, wanted: Wanted, minLifetime = 0): Promise<HeldToken> {
    const key = JSON.stringify([family.id, wanted.scopes, wanted.audience])
    const flying = this.#flights.get(key)
    if (flying) return flying
    const flight = this.#renewUnderLease(family, wanted, minLifetime).finally(() => this.#flights.delete(key))
    this.#flights.set(key, flight)
    return flight
  }

  /**
   * Keeps a file supplied with a fresh token from now on, and writes it at once. Answers when it holds a valid token; throws
   * what {@link accessToken} throws, and then nothing is kept.
   */
  async deliver(request: DeliveryRequest): Promise<AccessToken> {
    const family = this.#familyOf(request)
    const wanted = wantedOf(family, request)
    const { file, uid, gid, format = 'bare' } = request
    const token = await this.accessToken({ ...request, minLifetime: 60 })
    const kept = this.store.keepToken(family, wanted)
    this.store.putDelivery({ file, tokenId: kept.id, uid, gid, format })
    try {
      this.write({ file, tokenId: kept.id, uid, gid, format }, kept)
    } catch (error) {
      this.forget(file)
      throw error
    }
    return token
  }

  /** Ends the supply of a file. The file itself is the caller's to remove. */
  forget(file: string): boolean {
    const known = this.store.removeDelivery(file)
    this.store.releaseUndelivered()
    return known
  }

  /** Writes one job's file. */
  write(delivery: Delivery, { token, issuedAt, expiresAt }: HeldToken): void {
    if (token === undefined) return
    const { file, uid, gid, format } = delivery
    const content =
      format === 'bare'
        ? `${token}\n`
        : `${JSON.stringify({ access_token: token, token_type: 'bearer', expires_in: Math.floor(expiresAt - this.clock()), expires_at: expiresAt })}\n`
    writeTokenFile(file, content, {
      mode: 0o400,
      // No job survives a power loss, and every start of a renewer writes the files of those that are there.
      durable: false,
      ...(uid === undefined ? {} : { uid }),
      ...(gid === undefined ? {} : { gid }),
    })
    this.store.markDelivered(file, issuedAt)
  }

  /**
   * Ends a login: the issuer is told to revoke it, and it is forgotten here whether or not the issuer could be reached.
   *
   * @returns whether the issuer has revoked it; the failure is in `problem` if not.
   */
  async logout(name: FamilyName): Promise<{ revoked: boolean; problem?: SciTokenError }> {
    const family = this.#familyOf(name)
    this.store.removeFamily(family.id)
    if (family.kind !== 'refresh_token' || family.secret === undefined) return { revoked: false }
    try {
      return { revoked: await this.oauth.revoke(family, family.secret) }
    } catch (error) {
      if (error instanceof SciTokenError) return { revoked: false, problem: error }
      throw error
    }
  }

  close(): void {
    this.store.close()
  }

  [Symbol.dispose](): void {
    this.close()
  }

  #familyOf(name: FamilyName): Family {
    const checked = checkFamilyName(name)
    const family = this.store.findFamily(checked)
    if (family) return family
    throw loginRequired(checked.service, `${checked.owner} has no login at ${quote(label(checked))}`)
  }

  #livesFor({ token, issuedAt, expiresAt }: HeldToken, seconds: number): boolean {
    const now = this.clock()
    // A token from the future was had under another clock: when it expires is not known any more.
    return token !== undefined && issuedAt <= now + 60 && expiresAt - now >= seconds
  }

  async #renewUnderLease(family: Family, wanted: Wanted, minLifetime: number): Promise<HeldToken> {
    const before = this.store.findToken(family, wanted)?.issuedAt
    const lease = await this.#lease(family)
    try {
      const current = this.store.familyById(family.id)
      if (!current) throw loginRequired(family.issuer, `${family.owner} has logged out of ${quote(label(family))}`)
      const held = this.store.findToken(current, wanted)
      // Somebody else was quicker while we waited.
      if (held && held.issuedAt !== before && this.#livesFor(held, minLifetime)) return held
      this.#checkMayAsk(current)
      return await this.#ask(current, wanted)
    } finally {
      this.store.releaseLease(family.id, lease)
    }
  }

  async #lease({ id, issuer }: Family): Promise<string> {
    const patience = performance.now() + LEASE * 1000
    for (;;) {
      const lease = this.store.acquireLease(id, this.clock(), LEASE)
      if (lease !== undefined) return lease
      if (performance.now() > patience) {
        throw new UndecidedError('issuer_unavailable', `another process has been asking ${quote(issuer)} for too long`)
      }
      // oxlint-disable-next-line no-await-in-loop -- the other process tells nobody when it is done
      await delay(LEASE_POLL_MS)
    }
  }

  #checkMayAsk(family: Family): void {
    if (family.ended !== undefined) throw loginRequired(family.issuer, family.ended)
    const wait = family.nextAttempt - this.clock()
    if (wait <= 0) return
    throw new UndecidedError(
      'issuer_unavailable',
      `the issuer ${quote(family.issuer)} failed ${family.failures} times; it is asked again in ${Math.ceil(wait)} s`,
      { issuer: family.issuer, retryAfterSeconds: Math.ceil(wait) },
    )
  }

  async #ask(family: Family, wanted: Wanted): Promise<HeldToken> {
    try {
      const grant = await this.#request(family, wanted)
      const renewAt = renewalTime(grant.issuedAt, grant.expiresAt, this.#random)
      return await this.#writer.save({ family, wanted, grant, renewAt })
    } catch (error) {
      if (error instanceof SciTokenError) this.#note(family, error)
      throw error
    }
  }

  #note(family: Family, error: SciTokenError): void {
    if (error.code === 'login_required') this.store.endFamily(family, error.message.replace(/; log in again$/, ''))
    if (error.code !== 'issuer_unavailable' && error.code !== 'discovery_failed') return
    const failures = family.failures + 1
    const wait = backOff(failures, error.retryAfterSeconds, this.#random)
    this.store.recordFailure(family.id, failures, this.clock() + wait)
  }

  async #request(family: Family, wanted: Wanted): Promise<Grant> {
    const { kind, secret } = family
    if (kind === 'base_token') return issueChild(secret!, wanted, this.clock)
    if (kind === 'client_credentials') return this.oauth.clientCredentials(family, wanted)
    if (secret === undefined) throw loginRequired(family.issuer, `the login of ${family.owner} has no refresh token`)
    if (isEverything(family, wanted) || !(await this.#exchanges(family))) {
      return this.oauth.refresh(family, secret, wanted)
    }
    const everything = { scopes: family.scopes, audience: family.audience }
    const held = this.store.findToken(family, everything)
    const base = held && this.#livesFor(held, 60) ? held : await this.#ask(family, everything)
    const { refreshToken: _never, ...grant } = await this.oauth.exchange(family, base.token!, wanted)
    return { ...grant, refreshToken: undefined }
  }

  async #exchanges(family: Family): Promise<boolean> {
    if (family.narrowing !== 'auto') return family.narrowing === 'exchange'
    // Public clients may not exchange at most issuers; they narrow at refresh. RFC 6749 section 6.
    if (family.clientSecret === undefined || family.tokenEndpoint !== undefined) return false
    const { grant_types_supported: grants } = await this.oauth.metadata.get(family.issuer)
    return grants?.includes('urn:ietf:params:oauth:grant-type:token-exchange') ?? false
  }
}

function isEverything(family: Family, { scopes, audience }: Wanted): boolean {
  return String(family.scopes) === String(scopes) && String(family.audience) === String(audience)
}

/** What is wanted, where a wish that was left open means all that the login has. */
function wantedOf(family: Family, { scopes, audience }: Partial<Wanted>): Wanted {
  const wanted = checkWanted({ scopes: scopes ?? family.scopes, audience: audience ?? family.audience })
  if (family.scopes.length > 0 && wanted.scopes.length === 0) {
    throw new NotAllowedError('scope_denied', 'an empty list of scopes is no wish')
  }
  return wanted
}

function accessTokenOf({ token, issuedAt, expiresAt }: HeldToken): AccessToken {
  return { token: token!, issuedAt, expiresAt }
}

function statusOf(family: Family): FamilyStatus {
  const { owner, service, handle, issuer, kind, scopes, audience, ended, failures, nextAttempt } = family
  return { owner, service, handle, issuer, kind, scopes, audience, ended, failures, nextAttempt }
}

function label({ service, handle }: Required<FamilyName>): string {
  return handle === '' ? service : `${service}_${handle}`
}

/** Ends this caller's wait, not the work that others share. */
function abortable<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return work
  return new Promise((resolve, reject) => {
    const give = (): void => reject(new UndecidedError('aborted', 'the wait for a token was given up'))
    if (signal.aborted) give()
    signal.addEventListener('abort', give, { once: true })
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', give))
  })
}
