import { ConfigError } from '@scitokens/core'
import { callable, given, type OptionReaders, quote, readOptions, text, wrong } from '@scitokens/core/internal'
import { checkFamilyName, type FamilyName, NAME_READERS, WANTED_READERS } from '../state/family.ts'
import type { ClientIdentity, Grant, OAuthClient, Wanted } from '../oauth/oauth-client.ts'
import { registerClient } from '../oauth/register-client.ts'
import type { Enrolment, FamilyStatus } from './token-manager-types.ts'

/** Where a login is kept: a `TokenManager` of one's own, or a running one behind its socket. */
export interface LoginKeeper {
  /** What speaks to issuers. */
  readonly oauth: OAuthClient
  /** Keeps the login. See {@link TokenManager.enrol}. */
  enrol(enrolment: Enrolment): FamilyStatus | Promise<FamilyStatus>
}

/** Options of {@link loginPerson}. */
export interface PersonLogin extends FamilyName, Wanted {
  /** The issuer, as it stands in tokens. */
  readonly issuer: string
  /** Name of the client at the issuer. Default: one that is registered now, where the issuer lets anybody. */
  readonly clientId?: string
  /** Secret of the client. Default: a client without one. */
  readonly clientSecret?: string
  /** Speaks with the person: `loginByDevice` or `loginByBrowser`, bound to its options. */
  readonly flow: (identity: ClientIdentity, wanted: Wanted) => Promise<Grant>
}

const READERS: OptionReaders<PersonLogin> = {
  ...NAME_READERS,
  ...WANTED_READERS,
  issuer: text,
  clientId: text,
  clientSecret: text,
  flow: callable<PersonLogin['flow']>(),
}

/** Scopes that ask for more than access tokens; they are part of the login, never of a wish. OpenID Connect Core sections 3 and 11. */
const LOGIN_SCOPES: ReadonlySet<string> = new Set(['openid', 'offline_access'])

/**
 * Logs a person in and keeps the login: registers a client where none is given, asks for `offline_access` beside what is wanted where the
 * issuer knows it, and stores the refresh token.
 *
 * Throws `config_error` when the issuer gives no refresh token, and what the flow throws.
 */
export async function loginPerson(keeper: LoginKeeper, options: PersonLogin): Promise<FamilyStatus> {
  const login = readOptions<PersonLogin>(options, READERS)
  for (const name of ['issuer', 'scopes', 'audience', 'flow'] as const) {
    if (login[name] === undefined) throw wrong(name, 'given', undefined)
  }
  const { issuer, clientId, clientSecret } = login
  const { owner, service, handle } = checkFamilyName(login)
  const { scopes_supported: known } = await keeper.oauth.metadata.get(issuer)
  // Beside something else only: where nothing is named the issuer gives its default, and for this alone it would give nothing.
  const offline = login.scopes.length > 0 && (known === undefined || known.includes('offline_access'))
  const asked = [...new Set([...login.scopes, ...(offline ? ['offline_access'] : [])])]
  const identity =
    clientId === undefined
      ? await registerClient(keeper.oauth, issuer, asked)
      : { issuer, clientId, ...given({ clientSecret }) }
  const grant = await login.flow(identity, { scopes: asked, audience: login.audience })
  if (grant.refreshToken === undefined) {
    const why = login.scopes.length > 0 ? 'this client may not stay logged in' : 'name the scopes that are wanted'
    throw new ConfigError('config_error', `the issuer ${quote(issuer)} gave no refresh token: ${why}`, { issuer })
  }
  // What was granted, where the issuer says so: it may be less than what was asked for. RFC 6749 section 3.3.
  const scopes = (grant.scopes ?? login.scopes).filter((scope) => !LOGIN_SCOPES.has(scope))
  return keeper.enrol({
    ...identity,
    owner,
    service,
    handle,
    scopes,
    audience: login.audience,
    secret: grant.refreshToken,
  })
}
