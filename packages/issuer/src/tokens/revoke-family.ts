import type { Realm } from '../realm.ts'
import type { Entry } from '../store/store.ts'
import type { Family } from './refresh-token.ts'

/**
 * Ends a refresh family because its client or its person asked for it, and says so in the audit. False: it had ended already.
 *
 * @param address - of whoever asked.
 * @param detail - who it was, where that is not the client.
 */
export async function revokeFamily(
  realm: Realm,
  { id, value }: Pick<Entry<Family>, 'id' | 'value'>,
  address: string,
  detail?: string,
): Promise<boolean> {
  if (!(await realm.store.consume({ realm: realm.issuer, kind: 'family', id }))) return false
  await realm.audit.write({
    time: Math.floor(realm.clock()),
    event: 'token_revoked',
    issuer: realm.issuer,
    client: value.clientId,
    subject: value.principal.subject,
    family: id,
    address,
    ...(detail === undefined ? {} : { detail }),
  })
  return true
}
