import type { AuthenticatedClient } from '../client-auth/authenticated-client.ts'
import type { Grant, GrantProposal } from '../grants/grant.ts'
import type { LoginRound } from '../logins/standing.ts'
import type { Policy } from '../policy/policy.ts'
import type { TokenRequest } from './token-request.ts'

/** A token request that a grant has proposed an answer to, on its way through the four steps. */
export interface Issue {
  readonly request: TokenRequest
  readonly authentication: AuthenticatedClient
  readonly grant: Grant
  readonly proposal: GrantProposal
  /** The round of logins that it belongs to; undefined for a client that acts for itself. */
  readonly round: LoginRound | undefined
  /** The policy with which the request began. */
  readonly policy: Policy
  /** Seconds since the epoch; the same for the whole request. */
  readonly now: number
}
