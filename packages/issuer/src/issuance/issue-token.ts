import { UndecidedError } from '@scitokens/core'
import { given } from '@scitokens/core/internal'
import { authenticateClient, CLIENT_PARAMETERS } from '../client-auth/authenticate.ts'
import type { AuthenticatedClient } from '../client-auth/authenticated-client.ts'
import type { Client } from '../clients/client.ts'
import type { Grant } from '../grants/grant.ts'
import { OAuthError } from '../http/oauth-error.ts'
import type { Parameters } from '../http/parameters.ts'
import { responseScope } from '../tokens/token-scope.ts'
import type { Realm } from '../realm/realm.ts'
import { admit } from './admit.ts'
import { tokenAuthenticationTools } from './authentication-tools.ts'
import { commitIssue } from './commit.ts'
import { decideIssue } from './decide.ts'
import { grantTools } from './grant-tools.ts'
import type { Issue } from './issue.ts'
import { recordIssued, recordRefused } from './record.ts'
import { scopeText } from './scope-text.ts'
import { signIssue } from './sign.ts'
import type { TokenRequest, TokenResponse } from './token-request.ts'

/** How often a grant looks again when others are quicker. */
const MAX_ATTEMPTS = 5

/** Parameters that every grant shares. */
export const COMMON_PARAMETERS: readonly string[] = ['grant_type', 'scope', 'expires_in', 'cwk']

/**
 * The one way to a token, for every grant: authenticate the client, let the grant propose, decide by policy, commit (at most one
 * transaction, none for client credentials), sign, record. Whatever fails, fails before anything is signed.
 */
export async function issueToken(realm: Realm, request: TokenRequest): Promise<TokenResponse> {
  const now = Math.floor(realm.clock())
  // A change of the configuration is for those who come after it.
  const { policy } = realm
  let authentication: AuthenticatedClient | undefined
  try {
    authentication = await authenticateClient(request, tokenAuthenticationTools(realm, request))
    const { client } = authentication
    const { parameters } = request
    const grant = selectGrant(realm, client, parameters)
    const scope = scopeText(client, parameters)
    const tools = grantTools(realm, request)
    for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt++) {
      // oxlint-disable no-await-in-loop -- each attempt needs the outcome of the one before
      const proposal = await grant.handle({ client, authentication, parameters, scope, now, tools })
      const round = await admit(realm, authentication, proposal)
      const response = await complete(realm, { request, authentication, grant, proposal, round, policy, now })
      // oxlint-enable no-await-in-loop
      if (response) return response
    }
    throw new UndecidedError('undecided', 'too many requests with the same token came at once')
  } catch (error) {
    await recordRefused(realm, request, authentication, error, now)
    throw error
  }
}

function selectGrant(realm: Realm, client: Client, parameters: Parameters): Grant {
  const grantType = parameters.required('grant_type')
  const grant = realm.grants.get(grantType)
  if (!grant) throw new OAuthError('unsupported_grant_type', 'this grant_type is not supported')
  if (!client.grants.has(grant.grantType)) {
    throw new OAuthError('unauthorized_client', 'this client may not use this grant_type')
  }
  parameters.refuseDuplicates([...CLIENT_PARAMETERS, ...COMMON_PARAMETERS, ...grant.parameters])
  return grant
}

/** The four steps from a proposal to an answer. Undefined: somebody was quicker, and the grant wants to look again. */
async function complete(realm: Realm, issue: Issue): Promise<TokenResponse | undefined> {
  const decided = decideIssue(realm, issue)
  const refresh = await commitIssue(realm, issue, decided)
  if (!refresh) return undefined
  const signed = await signIssue(realm, issue, decided, refresh)
  await recordIssued(realm, issue, decided, refresh, signed)

  const { issuedTokenType } = issue.proposal
  return {
    access_token: signed.accessToken,
    token_type: 'Bearer',
    expires_in: decided.lifetime,
    scope: responseScope(decided.decision, decided.requested, refresh.token !== undefined),
    ...given({ refresh_token: refresh.token, id_token: signed.idToken, issued_token_type: issuedTokenType }),
  }
}
