import { UndecidedError } from '@scitokens/core'
import { type ClientState, clientStateKey } from '../logins/standing.ts'
import type { LoginsContext } from '../logins/standing.ts'
import type { EntryKey } from '../store/store.ts'
import { changeOf } from '../store/update-entry.ts'
import { subjectChanges, subjectsOfStored } from './client-subjects.ts'
import type { StoredClient } from './stored-clients.ts'

const MAX_ATTEMPTS = 10

/**
 * Removes a client from the store, and in the same step ends for good what it held: refresh tokens, codes, device logins, its secrets and
 * its registration access token. One of the same id that comes later inherits nothing. False: there was none.
 */
export async function removeClient(realm: LoginsContext, clientId: string): Promise<boolean> {
  const key: EntryKey = { realm: realm.issuer, kind: 'client', id: clientId }
  const stateKey = clientStateKey(realm, clientId)
  for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt++) {
    // oxlint-disable no-await-in-loop -- each attempt needs the outcome of the one before
    const entry = await realm.store.get<StoredClient>(key)
    if (!entry) return false
    const state = await realm.store.get<ClientState>(stateKey)
    const value: ClientState = {
      configured: false,
      ...state?.value,
      round: (state?.value.round ?? 0) + 1,
      endedAt: Math.floor(realm.clock()),
    }
    const subjects = await subjectChanges(realm, clientId, subjectsOfStored(entry.value), [])
    if (await realm.store.commit([{ remove: key }, changeOf(stateKey, state, { value }), ...subjects])) return true
    // oxlint-enable no-await-in-loop
  }
  throw new UndecidedError('undecided', 'the client is being changed all the time, try again')
}
