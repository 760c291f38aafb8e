import type { AuditEvent } from '../audit.ts'
import type { Realm } from '../realm.ts'
import type { Entry } from '../store/store.ts'
import type { Family } from './refresh-token.ts'
import { familyTag } from './token-id.ts'

/**
 * Ends a refresh family, and with it every access token that came of it as far as this issuer is asked, and says so in the audit.
 * False: it had ended already.
 */
export async function revokeFamily(
  realm: Realm,
  { id, value }: Pick<Entry<Family>, 'id' | 'value'>,
  why: Pick<AuditEvent, 'event' | 'address' | 'detail'>,
): Promise<boolean> {
  const now = Math.floor(realm.clock())
  const tag = familyTag(realm.secrets, id)
  // Whoever looks it up later finds the family or this, whatever happens in between.
  const ended = await realm.store.commit([
    { remove: { realm: realm.issuer, kind: 'family', id } },
    {
      insert: {
        realm: realm.issuer,
        kind: 'revoked',
        id: tag,
        value: {},
        expiresAt: now + realm.times.maxLifetime,
      },
    },
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
