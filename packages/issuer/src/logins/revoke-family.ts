import type { AuditEvent } from '../audit/audit.ts'
import type { RealmContext } from '../context/realm-context.ts'
import type { Entry, NewEntry } from '../store/store.ts'
import type { Family } from './refresh-token.ts'
import { familyTag } from './token-id.ts'

/**
 * Ends a refresh family, and with it every access token that came of it as far as this issuer is asked, and says so in the audit.
 * False: it had ended already.
 */
export async function revokeFamily(
  realm: RealmContext,
  { id, value }: Pick<Entry<Family>, 'id' | 'value'>,
  why: Pick<AuditEvent, 'event' | 'address' | 'detail'>,
): Promise<boolean> {
  const now = Math.floor(realm.clock())
  // Whoever looks it up later finds the family or this, whatever happens in between.
  const ended = await realm.store.commit([
    { remove: { realm: realm.issuer, kind: 'family', id } },
    { insert: revokedTag(realm, id, now) },
  ])
  if (!ended) return false
  await realm.audit.write({
    time: now,
    issuer: realm.issuer,
    client: value.clientId,
    subject: value.principal.subject,
    family: id,
    ...why,
  })
  return true
}

/** Ends the access tokens of a login that has no refresh token, and those that were exchanged for them, as far as this issuer is asked. */
export async function revokeTag(realm: RealmContext, familyId: string): Promise<void> {
  await realm.store.insertIfAbsent(revokedTag(realm, familyId, Math.floor(realm.clock())))
}

function revokedTag(realm: RealmContext, familyId: string, now: number): NewEntry {
  const id = familyTag(realm.secrets, familyId)
  return { realm: realm.issuer, kind: 'revoked', id, value: {}, expiresAt: now + realm.times.maxLifetime }
}
