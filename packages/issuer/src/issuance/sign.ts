import type { GrantProposal } from '../grants/grant.ts'
import { familyTag, newTokenId, tagOf } from '../logins/token-id.ts'
import type { Realm } from '../realm/realm.ts'
import { signAccessToken } from '../tokens/access-token.ts'
import { signIdToken } from '../tokens/id-token.ts'
import { tokenScope } from '../tokens/token-scope.ts'
import type { DecidedIssue } from './decide.ts'
import type { Issue } from './issue.ts'
import type { RefreshPlan } from './refresh-plan.ts'

/** The tokens of an answer. */
export interface SignedIssue {
  readonly accessToken: string
  readonly jti: string
  /** `scope` of the access token. */
  readonly scope: string
  /** Undefined: none was asked for, or nobody logged in here. */
  readonly idToken: string | undefined
}

/** Third step: signs. Nothing can be refused any more. */
export async function signIssue(
  realm: Realm,
  issue: Issue,
  decided: DecidedIssue,
  { familyId }: RefreshPlan,
): Promise<SignedIssue> {
  const { proposal, authentication, now } = issue
  const { client } = authentication
  const { decision } = decided
  const jti = proposal.jti ?? newTokenId(loginOf(realm, familyId, proposal))
  const scope = tokenScope(decision)
  const accessToken = await signAccessToken({ ...decided, realm, authentication, proposal, now, jti, scope })
  // About people who logged in here, not about subjects of tokens and assertions.
  const loggedIn = proposal.principal.authTime !== undefined
  const idToken =
    loggedIn && decision.identity.includes('openid')
      ? await signIdToken({ ...decided, realm, client, proposal, accessToken, now })
      : undefined
  return { accessToken, jti, scope, idToken }
}

/** The login that a token ends with: its own, or that of the token it was exchanged for. */
function loginOf(realm: Realm, familyId: string | undefined, { principal, parent }: GrantProposal): string | undefined {
  if (familyId !== undefined) return familyTag(realm.secrets, familyId)
  return principal.derived && parent !== undefined ? tagOf(parent) : undefined
}
