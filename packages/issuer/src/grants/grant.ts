import type { Clock, JsonObject } from '@scitokens/core'
import type { AuthenticatedClient } from '../client-auth/authenticated-client.ts'
import type { Client } from '../clients/client.ts'
import type { GrantFacts } from '../clients/grant-type.ts'
import type { Parameters } from '../http/parameters.ts'
import type { GrantBounds } from '../policy/decide.ts'
import type { LoginRound } from '../logins/standing.ts'
import type { Principal } from '../policy/principal.ts'
import type { Secrets } from '../secrets/secrets.ts'
import type { Change, Store } from '../store/store.ts'

/** A token request whose client is authenticated. */
export interface GrantRequest {
  readonly client: Client
  readonly authentication: AuthenticatedClient
  readonly parameters: Parameters
  /** The scope that was asked for, by whichever name the client may use. */
  readonly scope: string | undefined
  /** Seconds since the epoch; the same for the whole request. */
  readonly now: number
  readonly tools: GrantTools
}

/** What grants may use. No key and no signer is among it: a grant proposes, the pipeline decides and signs. */
export interface GrantTools {
  readonly issuer: string
  readonly store: Pick<Store, 'get'>
  readonly secrets: Secrets
  readonly clock: Clock
  /** The claims of an access token of this issuer that is valid now and not revoked. Throws `invalid_grant`-like refusals. */
  verifyAccessToken(token: string): Promise<JsonObject>
  /** The claims of an assertion by an issuer that the client may bring assertions of. */
  verifyAssertion(token: string, client: Client): Promise<JsonObject>
  /** Puts an access token on the list of revoked ones until it expires. */
  revokeToken(jti: string, expiresAt: number): Promise<void>
  /** Whether a device asks more often than it was told to. Counts this question. */
  polledTooSoon(deviceId: string): boolean
  /** Ends a login of which somebody has a copy, because a refresh token of it or its code was used again, and all that came of it. */
  endStolen(login: { readonly familyId: string; readonly subject: string }, why: string): Promise<void>
}

/** Which refresh token goes with the answer. */
export type RefreshProposal =
  | { readonly kind: 'none' }
  /** A new family, if the client may refresh. */
  | {
      readonly kind: 'new'
      readonly familyId?: string
      /** The original grant. Default: what is granted now. */
      readonly bounds?: GrantBounds
    }
  /** The family goes on. */
  | { readonly kind: 'existing'; readonly familyId: string; readonly token: string | undefined }

/** What a grant proposes. It has signed and written nothing. */
export interface GrantProposal {
  readonly principal: Principal
  /** In which round of logins began what was presented: it counts no more once that was ended. */
  readonly round?: LoginRound
  /** `iat` of the token of this issuer that was presented. */
  readonly presentedIat?: number
  /** The client that this token was issued to. */
  readonly exchangedFrom?: string
  /** What was granted at first and cannot be exceeded. */
  readonly bounds?: GrantBounds
  /** The bounds do not hold for the audience (an exchange whose policy says so). */
  readonly mayChangeAudience?: boolean
  /** The token ends then at the latest, in seconds since the epoch. */
  readonly notAfter?: number
  /** Writes that make the grant good: all or none, before anything is signed. */
  readonly changes: readonly Change[]
  /** Why the writes may fail: somebody else was quicker. */
  readonly conflict?: string
  /** Then the grant is asked again, with what the other one left. */
  readonly retryOnConflict?: boolean
  readonly refresh: RefreshProposal
  /** `jti` of the token this one is derived from. */
  readonly parent?: string
  /** Of the token to be signed. Default: a fresh UUID. */
  readonly jti?: string
  /** `act` of a delegation. RFC 8693 section 4.1. */
  readonly actor?: JsonObject
  /** `cnf` of what was presented: the token stays bound to it, unless the client's own certificate takes its place. */
  readonly confirmation?: JsonObject
  /** Of the authorization request, for the ID token. */
  readonly nonce?: string
  /** RFC 8693 section 2.2.1. */
  readonly issuedTokenType?: string
}

/** A grant. Its file holds all that there is to say about it, and nothing that signs. */
export interface Grant extends GrantFacts {
  /** Parameters it reads besides those of every grant. */
  readonly parameters: readonly string[]
  handle(request: GrantRequest): Promise<GrantProposal>
}
