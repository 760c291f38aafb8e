import type { AuthenticatedClient } from '../client-auth/authenticated-client.ts'
import type { GrantProposal } from '../grants/grant.ts'
import { OAuthError } from '../http/oauth-error.ts'
import type { Realm } from '../realm/realm.ts'
import {
  explainRefusal,
  isNoted,
  type LoginRound,
  notePerson,
  readStanding,
  refusalOf,
  type StandingRefusal,
} from '../logins/standing.ts'

/**
 * Whether a token may be given about whom a grant proposes, looked up anew for each token: a person who is suspended, whose logins were
 * ended, or whose subject is a client's gets none by any grant. Answers the round of logins that this belongs to; undefined for a client
 * that acts for itself, about which nothing is looked up.
 *
 * Throws `invalid_grant`, or `unauthorized_client` where a certificate was shown and no grant.
 */
export async function admit(
  realm: Realm,
  { client, method }: AuthenticatedClient,
  { principal, round, presentedIat, exchangedFrom }: GrantProposal,
): Promise<LoginRound | undefined> {
  const byCertificate = method === 'x509'
  if (principal.kind === 'client' && !byCertificate) return undefined
  const { subject, derived } = principal
  const standing = await readStanding(realm, subject, client.clientId, exchangedFrom ?? round?.from?.client)
  const issuedAt = presentedIat === undefined ? undefined : presentedIat + realm.times.backdate
  let refusal = refusalOf(standing, { round, issuedAt, derived })
  if (!refusal && !derived && !isNoted(realm, standing)) refusal = await note(realm, subject)
  if (!refusal) return round ?? standing.round
  throw new OAuthError(byCertificate ? 'unauthorized_client' : 'invalid_grant', explainRefusal(refusal), {
    detail: `${explainRefusal(refusal)}: ${subject}`,
  })
}

/** Whoever was suspended or became a client's between two looks is seen by the second. */
async function note(realm: Realm, subject: string): Promise<StandingRefusal | undefined> {
  const person = await notePerson(realm, subject)
  if (person === 'subject_of_client') return person
  return person.suspended ? 'suspended' : undefined
}
