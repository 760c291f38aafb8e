import { refusePersonsSubjects, settleClients } from '../clients/settle-clients.ts'
import { readChangedSettings } from '../realm/open-realm.ts'
import type { IssuerOptions } from '../realm/options.ts'
import { applySettings } from '../realm/realm-settings.ts'
import type { Realm } from '../realm/realm.ts'
import { placesOfRealms } from './places-of-realms.ts'

/** Checks changed options of every realm first, then takes over all of them. Throws `config_error`, `undecided`; then nothing has changed. */
export async function reconfigure(realms: readonly Realm[], options: IssuerOptions): Promise<void> {
  const changes = placesOfRealms(options).flatMap(({ options: changed, at }) => {
    const realm = realms.find((one) => one.issuer === changed.issuer)
    return realm ? [{ realm, settings: readChangedSettings(realm, changed, at) }] : []
  })
  for (const { realm, settings } of changes) {
    // oxlint-disable-next-line no-await-in-loop -- errors in order
    await refusePersonsSubjects(realm, settings.clients)
  }
  for (const { realm, settings } of changes) {
    // oxlint-disable-next-line no-await-in-loop -- as above
    await settleClients(realm, settings.clients, realm.clients.configured)
  }
  for (const { realm, settings } of changes) applySettings(realm, settings)
}
