import { join } from 'node:path'
import { type Clock, NotAllowedError, SciTokenError, systemClock, UndecidedError } from '@scitokens/core'
import { given, quote, type Random, readOptions, waitFor, wrong } from '@scitokens/core/internal'
import {
  checkFamilyName,
  checkWanted,
  type Delivery,
  type Family,
  type FamilyName,
  type HeldToken,
  labelOf,
  livesFor,
} from '../state/family.ts'
import { IssuerConversations } from './issuer-conversations.ts'
import { writeJobFile } from './job-file.ts'
import { loadKeyFile } from '../state/key-file.ts'
import { type Grant, OAuthClient, type Wanted } from '../oauth/oauth-client.ts'
import { loginRequired } from '../oauth/oauth-failure.ts'
import { SecretBox } from '../state/secret-box.ts'
import { StateStore } from '../state/state-store.ts'
import {
  type AccessToken,
  DELIVERY_READERS,
  type DeliveryRequest,
  type Enrolment,
  ENROLMENT_READERS,
  type FamilyStatus,
  MANAGER_READERS,
  REQUEST_READERS,
  type TokenManagerOptions,
  type TokenRequest,
} from './token-manager-types.ts'
import { checkWithinLogin } from './within.ts'

/**
 * Keeps logins and makes access tokens of them. Several of these, in several processes, may use one state directory: for one login only one
 * of them speaks to the issuer at a time.
 */
export class TokenManager {
  /** Everything that must not be forgotten. */
  readonly store: StateStore
  /** What speaks to issuers. */
  readonly oauth: OAuthClient
  /** Tells the time, in seconds since the epoch. */
  readonly clock: Clock
  readonly #conversations: IssuerConversations

  private constructor(store: StateStore, oauth: OAuthClient, clock: Clock, random: Random) {
    this.store = store
    this.oauth = oauth
    this.clock = clock
    this.#conversations = new IssuerConversations(store, oauth, clock, random)
  }

  /** Opens the state. Throws `config_error` for a directory, key or file that is not right, `undecided` for a full disk. */
  static async open(options: TokenManagerOptions): Promise<TokenManager> {
    const read = readOptions<TokenManagerOptions>(options, MANAGER_READERS)
    if (read.stateDirectory === undefined) throw wrong('stateDirectory', 'a directory', undefined)
    const { stateDirectory, keyFile = join(stateDirectory, 'key'), clock = systemClock, random = Math.random } = read
    const store = await StateStore.open(stateDirectory, new SecretBox(loadKeyFile(keyFile)))
    return new TokenManager(store, read.oauth ?? new OAuthClient({ clock }), clock, random)
  }

  /** Keeps a login, in place of an earlier one of the same name. */
  async enrol(asked: Enrolment): Promise<FamilyStatus> {
    const enrolment = readOptions<Enrolment>(asked, ENROLMENT_READERS)
    const { secret, clientSecret } = enrolment
    for (const name of ['issuer', 'clientId'] as const) {
      if (enrolment[name] === undefined) throw wrong(name, 'text that is not empty', undefined)
    }
    const kind = enrolment.kind ?? (secret === undefined ? 'client_credentials' : 'refresh_token')
    const family = {
      ...checkFamilyName(enrolment),
      ...checkWanted({ scopes: enrolment.scopes ?? [], audience: enrolment.audience ?? [] }),
      issuer: enrolment.issuer,
      clientId: enrolment.clientId,
      ...given({ clientSecret, tokenEndpoint: enrolment.tokenEndpoint }),
      kind,
      secret,
      narrowing: enrolment.narrowing ?? 'auto',
    }
    return statusOf(await this.store.work(() => this.store.families.put(family, this.clock())))
  }

  /** Keeps a login together with the access token that came with it. */
  async adopt(enrolment: Enrolment, grant: Grant): Promise<FamilyStatus> {
    const status = await this.enrol(enrolment)
    await this.#conversations.adopt(await this.#familyOf(enrolment), grant)
    return status
  }

  /** What is known of the logins of one owner, or of all. */
  async list(owner?: string): Promise<FamilyStatus[]> {
    return (await this.store.work(() => this.store.families.list(owner))).map(statusOf)
  }

  /**
   * An access token that lives long enough: one that is held, else a new one. Calls for the same login share one request to the
   * issuer, over all processes.
   *
   * Throws `login_required`, `scope_denied`, `issuer_unavailable` (also during back-off), `config_error`.
   */
  async accessToken(asked: TokenRequest): Promise<AccessToken> {
    const request = readOptions<TokenRequest>(asked, REQUEST_READERS)
    const { minLifetime = 60, signal } = request
    const family = await this.#familyOf(request)
    return this.#tokenFor(family, wantedOf(family, request), minLifetime, signal)
  }

  async #tokenFor(family: Family, wanted: Wanted, minLifetime: number, signal?: AbortSignal): Promise<AccessToken> {
    const held = await this.store.work(() => this.store.tokens.find(family, wanted))
    if (held && livesFor(held, minLifetime, this.clock())) return accessTokenOf(held)
    const seen = { issuedAt: held?.issuedAt }
    const renew = (): Promise<HeldToken> => this.#conversations.renew(family, wanted, minLifetime, seen)
    return accessTokenOf(await waitFor(renew, signal, gaveUp))
  }

  /** Gets a new token for a family, in one flight per family and wish. */
  renew(family: Family, wanted: Wanted): Promise<HeldToken> {
    return this.#conversations.renew(family, wanted, 0)
  }

  /**
   * Keeps a file supplied with a fresh token from now on, and writes it at once. Answers when it holds a valid token; throws
   * what {@link accessToken} throws, and then nothing is kept.
   */
  async deliver(asked: DeliveryRequest): Promise<AccessToken> {
    const request = readOptions<DeliveryRequest>(asked, DELIVERY_READERS)
    if (request.file === undefined) throw wrong('file', 'an absolute path', undefined)
    const family = await this.#familyOf(request)
    const wanted = wantedOf(family, request)
    const { file, uid, gid, format = 'bare' } = request
    const token = await this.#tokenFor(family, wanted, 60)
    const kept = await this.store.work(() => {
      const held = this.store.tokens.keep(family, wanted)
      this.store.deliveries.put({ file, tokenId: held.id, uid, gid, format })
      return held
    })
    try {
      this.write({ file, tokenId: kept.id, uid, gid, format }, kept)
    } catch (error) {
      await this.forget(file)
      throw error
    }
    return token
  }

  /** Ends the supply of a file. The file itself is the caller's to remove. */
  forget(file: string): Promise<boolean> {
    return this.store.work(() => {
      const known = this.store.deliveries.remove(file)
      this.store.tokens.releaseUndelivered()
      return known
    })
  }

  /** Writes one job's file. */
  write(delivery: Delivery, { token, issuedAt, expiresAt }: HeldToken): void {
    if (token === undefined) return
    writeJobFile(delivery, token, expiresAt, this.clock())
    this.store.deliveries.markDelivered(delivery.file, issuedAt)
  }

  /**
   * Ends a login: the issuer is told to revoke it, and it is forgotten here whether or not the issuer could be reached.
   *
   * @returns whether the issuer has revoked it; the failure is in `problem` if not.
   */
  async logout(name: FamilyName): Promise<{ revoked: boolean; problem?: SciTokenError }> {
    const family = await this.#familyOf(name)
    await this.store.work(() => this.store.families.remove(family.id))
    if (family.kind !== 'refresh_token' || family.secret === undefined) return { revoked: false }
    try {
      return { revoked: await this.oauth.revoke(family, family.secret) }
    } catch (error) {
      if (error instanceof SciTokenError) return { revoked: false, problem: error }
      throw error
    }
  }

  /** Closes the state. */
  close(): void {
    this.store.close()
  }

  /** As {@link TokenManager.close}, for `using`. */
  [Symbol.dispose](): void {
    this.close()
  }

  async #familyOf(name: FamilyName): Promise<Family> {
    const checked = checkFamilyName(name)
    const family = await this.store.work(() => this.store.families.find(checked))
    if (family) return family
    throw loginRequired(checked.service, `${checked.owner} has no login at ${quote(labelOf(checked))}`)
  }
}

/** What is wanted, where a wish that was left open means all that the login has. Throws `scope_denied` for more than that. */
function wantedOf(family: Family, { scopes, audience }: Partial<Wanted>): Wanted {
  const wanted = checkWanted({ scopes: scopes ?? family.scopes, audience: audience ?? family.audience })
  if (family.scopes.length > 0 && wanted.scopes.length === 0) {
    throw new NotAllowedError('scope_denied', 'an empty list of scopes is no wish')
  }
  checkWithinLogin(family, wanted)
  return wanted
}

function accessTokenOf({ token, issuedAt, expiresAt }: HeldToken): AccessToken {
  return { token: token!, issuedAt, expiresAt }
}

function statusOf(family: Family): FamilyStatus {
  const { owner, service, handle, issuer, kind, scopes, audience, ended, failures, nextAttempt } = family
  return { owner, service, handle, issuer, kind, scopes, audience, ended, failures, nextAttempt }
}

function gaveUp(cause: unknown): UndecidedError {
  return new UndecidedError('aborted', 'the wait for a token was given up', { cause })
}
