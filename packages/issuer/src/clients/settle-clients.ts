import { ConfigError } from '@scitokens/core'
import { quote } from '@scitokens/core/internal'
import { type ClientState, clientStateKey, subjectKey, type SubjectRecord } from '../logins/standing.ts'
import type { LoginsContext } from '../logins/standing.ts'
import type { EntryKey } from '../store/store.ts'
import { updateEntry } from '../store/update-entry.ts'
import { endClientRound } from '../logins/end-logins.ts'
import type { Client } from './client.ts'
import { isPersons, subjectsOf, subjectsOfStored } from './client-subjects.ts'
import type { StoredClient } from './stored-clients.ts'

/**
 * Refuses configured clients that are new, or have a new subject, where a person has it: `config_error`. Where nobody has counted yet,
 * because an earlier program left the database, that is told in the log; the person then gets nothing.
 */
export async function refusePersonsSubjects(realm: LoginsContext, configured: readonly Client[]): Promise<void> {
  const [states, first] = [await configuredStates(realm), !(await realm.store.get(upgradeKey(realm)))]
  for (const client of configured) {
    const known = states.get(client.clientId)?.subjects ?? []
    for (const subject of subjectsOf(client).filter((one) => !known.includes(one))) {
      // oxlint-disable-next-line no-await-in-loop -- few are new
      if (!(await isPersons(realm, subject))) continue
      const problem = `clients: ${quote(client.clientId)} cannot have the subject ${quote(subject)}: a person who logged in here has it`
      if (!first) throw new ConfigError('config_error', problem)
      realm.logger.error({ issuer: realm.issuer }, `${problem}, and gets nothing until the client has another one`)
    }
  }
}

/**
 * Notes which clients the configuration has, and ends for good what those held that it has no longer: also where they went while
 * nothing ran. Done before anything is served, and with each change of the configuration.
 *
 * @param before - those that this process had until now.
 */
export async function settleClients(
  realm: LoginsContext,
  configured: readonly Client[],
  before: readonly Client[] = [],
): Promise<void> {
  await reserveStored(realm)
  const states = await configuredStates(realm)
  for (const client of configured) {
    const subjects = subjectsOf(client)
    const known = states.get(client.clientId)
    if (known?.subjects && subjects.every((one) => known.subjects!.includes(one))) continue
    // oxlint-disable-next-line no-await-in-loop -- few are new
    await updateEntry<ClientState>(realm.store, clientStateKey(realm, client.clientId), (state) => ({
      value: { round: 0, ...state, configured: true, subjects },
    }))
  }
  const ids = new Set(configured.map(({ clientId }) => clientId))
  const gone = [...states.keys(), ...before.map(({ clientId }) => clientId)].filter((id) => !ids.has(id))
  for (const id of new Set(gone)) {
    // oxlint-disable no-await-in-loop -- few are gone
    await endClientRound(realm, id, { configured: false, subjects: [] })
    await realm.audit.write({
      time: Math.floor(realm.clock()),
      event: 'client_removed',
      issuer: realm.issuer,
      client: id,
      detail: 'no longer in the configuration',
    })
    // oxlint-enable no-await-in-loop
  }
}

/** Clients that the configuration had when that was last looked at. */
async function configuredStates(realm: LoginsContext): Promise<ReadonlyMap<string, ClientState>> {
  const states = await all<ClientState>(realm, 'client_state')
  return new Map(states.filter(({ value }) => value.configured).map(({ id, value }) => [id, value]))
}

/** Once: subjects of clients that an earlier program stored are kept from people from now on. */
async function reserveStored(realm: LoginsContext): Promise<void> {
  if (await realm.store.get(upgradeKey(realm))) return
  for (const { id, value } of await all<StoredClient>(realm, 'client')) {
    for (const subject of subjectsOfStored(value)) {
      // oxlint-disable-next-line no-await-in-loop -- once in the life of a database
      await updateEntry<SubjectRecord>(realm.store, subjectKey(realm, subject), (before) => {
        const clients = before?.holder === 'client' ? before.clients : []
        return before?.holder === 'person' || clients.includes(id)
          ? undefined
          : { value: { holder: 'client', clients: [...clients, id] } }
      })
    }
  }
  await realm.store.insertIfAbsent({ ...upgradeKey(realm), value: {} })
}

function upgradeKey({ issuer }: LoginsContext): EntryKey {
  return { realm: issuer, kind: 'upgrade', id: 'client-subjects' }
}

/** All entries of a kind. */
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- as with the store's own list
async function all<Value>(
  realm: LoginsContext,
  kind: EntryKey['kind'],
): Promise<readonly { readonly id: string; readonly value: Value }[]> {
  const found: { readonly id: string; readonly value: Value }[] = []
  for (let after = ''; ; ) {
    // oxlint-disable-next-line no-await-in-loop -- page by page
    const page = await realm.store.list<Value>(realm.issuer, kind, { after })
    if (page.length === 0) return found
    found.push(...page)
    after = page.at(-1)!.id
  }
}
