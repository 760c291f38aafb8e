import { InvalidRequestError } from '@scitokens/core'
import { quote } from '@scitokens/core/internal'
import type { LoginsContext } from '../logins/standing.ts'
import type { Change, Entry } from '../store/store.ts'
import { changeOf } from '../store/update-entry.ts'
import type { Family } from '../logins/refresh-token.ts'
import { type SubjectRecord, subjectKey } from '../logins/standing.ts'
import type { StoredClient } from './stored-clients.ts'

/** The subjects that a client has: its own when it acts for itself, and its id. Nobody else may have them. */
export function subjectsOf({
  clientId,
  subject,
}: {
  readonly clientId: string
  readonly subject?: string | undefined
}): readonly string[] {
  return [...new Set([clientId, subject ?? clientId])]
}

/**
 * The subjects that a client in the store has beside what its id says by itself: ids of clients that registered themselves are kept
 * from people by how they begin.
 */
export function subjectsOfStored(stored: StoredClient): readonly string[] {
  if ('managed' in stored) return subjectsOf(stored.options)
  return stored.approved?.subject === undefined ? [] : [stored.approved.subject]
}

/** Whether a person has this subject: was seen here, or has a login that goes on. Throws `undecided`. */
export async function isPersons(realm: LoginsContext, subject: string): Promise<boolean> {
  const entry = await realm.store.get<SubjectRecord>(subjectKey(realm, subject))
  if (entry) return entry.value.holder === 'person'
  // A login from before people were noted.
  const families = await realm.store.list<Family>(realm.issuer, 'family', { owner: subject, limit: 100 })
  return families.some(({ value }) => !value.principal.derived)
}

/**
 * The steps that give a client its subjects and take back those that it no longer has. Whoever logs in for the first time at this very
 * moment is before it or after it. Throws `invalid_request` where a person has one of them.
 *
 * @param had - what it had before.
 * @param has - what it shall have; nothing for a client that is removed.
 */
export async function subjectChanges(
  realm: LoginsContext,
  clientId: string,
  had: readonly string[],
  has: readonly string[],
): Promise<readonly Change[]> {
  const given = has.map(async (subject): Promise<readonly Change[]> => {
    if (await isPersons(realm, subject)) {
      throw new InvalidRequestError(
        'invalid_request',
        `${quote(subject)} is the subject of a person who logged in here: choose another one`,
      )
    }
    const { key, entry, clients } = await read(realm, subject)
    if (clients.includes(clientId)) return []
    return [changeOf(key, entry, { value: { holder: 'client', clients: [...clients, clientId] } })]
  })
  const taken = had
    .filter((subject) => !has.includes(subject))
    .map(async (subject): Promise<readonly Change[]> => {
      const { key, entry, clients } = await read(realm, subject)
      if (!entry || !clients.includes(clientId)) return []
      const others = clients.filter((id) => id !== clientId)
      return [
        others.length === 0
          ? { remove: key }
          : { replace: entry, value: { holder: 'client', clients: others }, expiresAt: undefined },
      ]
    })
  return (await Promise.all([...given, ...taken])).flat()
}

async function read(
  realm: LoginsContext,
  subject: string,
): Promise<{
  key: ReturnType<typeof subjectKey>
  entry: Entry<SubjectRecord> | undefined
  clients: readonly string[]
}> {
  const key = subjectKey(realm, subject)
  const entry = await realm.store.get<SubjectRecord>(key)
  return { key, entry, clients: entry?.value.holder === 'client' ? entry.value.clients : [] }
}
