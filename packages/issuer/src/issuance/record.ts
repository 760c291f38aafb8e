import { SciTokenError } from '@scitokens/core'
import { given } from '@scitokens/core/internal'
import type { AuthenticatedClient } from '../client-auth/authenticated-client.ts'
import { OAuthError } from '../http/oauth-error.ts'
import type { Realm } from '../realm/realm.ts'
import { auditedCertificate, certificateOfError } from '../certificates/audited.ts'
import type { DecidedIssue } from './decide.ts'
import type { Issue } from './issue.ts'
import type { RefreshPlan } from './refresh-plan.ts'
import type { SignedIssue } from './sign.ts'
import type { TokenRequest } from './token-request.ts'

/** Last step: the audit learns of the token. It leaves only when the line was accepted. */
export async function recordIssued(
  realm: Realm,
  { request, authentication, grant, proposal, now }: Issue,
  { audience, lifetime, signer }: DecidedIssue,
  { familyId }: RefreshPlan,
  { jti, scope }: SignedIssue,
): Promise<void> {
  await realm.audit.write({
    time: now,
    event: 'token_issued',
    issuer: realm.issuer,
    client: authentication.client.clientId,
    subject: proposal.principal.subject,
    grant: grant.grantType,
    jti,
    ...given({ parent: proposal.parent, family: familyId }),
    scope,
    audience,
    expiresAt: now + lifetime,
    kid: signer.kid,
    address: request.address,
    ...given({ detail: authentication.note }),
    ...auditedCertificate(authentication.shown),
  })
}

/** The audit learns of a request that was refused. The refusal stands, also where the line cannot be written. */
export async function recordRefused(
  realm: Realm,
  { parameters, address }: TokenRequest,
  authentication: AuthenticatedClient | undefined,
  error: unknown,
  now: number,
): Promise<void> {
  // A device that waits is no event.
  if (error instanceof OAuthError && (error.error === 'authorization_pending' || error.error === 'slow_down')) return
  const grant = parameters.all('grant_type')[0]
  const client = authentication?.client
  const refused = certificateOfError(error)
  try {
    await realm.audit.write({
      time: now,
      event: 'token_refused',
      issuer: realm.issuer,
      ...(client ? { client: client.clientId } : {}),
      // All certificates are one client: without the name nobody could tell who asked.
      ...(client && client.clientId === realm.x509?.clientId ? { subject: client.subject } : {}),
      ...(refused?.verified ? { subject: refused.dn } : {}),
      ...(grant !== undefined && realm.grants.has(grant) ? { grant } : {}),
      address,
      error: error instanceof OAuthError ? error.error : error instanceof SciTokenError ? error.code : 'server_error',
      ...(error instanceof OAuthError ? { detail: error.detail ?? error.message } : {}),
      ...auditedCertificate(refused ?? authentication?.shown),
    })
  } catch (cause) {
    realm.logger.error({ err: cause }, 'an audit line about a refusal could not be written')
  }
}
