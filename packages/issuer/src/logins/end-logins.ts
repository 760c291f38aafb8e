import { given } from '@scitokens/core/internal'
import { setImmediate } from 'node:timers/promises'
import type { AuditEvent } from '../audit/audit.ts'
import { changePerson, type ClientState, clientStateKey, readPerson } from './standing.ts'
import type { LoginsContext } from './standing.ts'
import type { Entry } from '../store/store.ts'
import { updateEntry } from '../store/update-entry.ts'
import type { Family } from './refresh-token.ts'
import { revokeFamily, revokeTag } from './revoke-family.ts'
import { familyTag, tagOf } from './token-id.ts'

/** Whose logins are meant: all of a person, all with a client, or one. */
export type LoginChoice =
  | { readonly subject: string }
  | { readonly client: string }
  /** The family, as the audit names it. */
  | { readonly family: string }

/** What was ended. Codes, device logins and sessions under way end as well; they are not counted. */
export interface EndedLogins {
  /** Logins that had a refresh token. */
  readonly families: readonly string[]
}

/**
 * Ends logins for good: refresh tokens, codes, device logins, and a person's sessions, at once on every instance; access tokens as far as
 * this issuer is asked. First comes the one write that does it, then the audit, then what is left is cleared away.
 */
export async function endLogins(
  realm: LoginsContext,
  choice: LoginChoice,
  why: Pick<AuditEvent, 'address' | 'detail'>,
): Promise<EndedLogins> {
  const now = Math.floor(realm.clock())
  // In the name of a client there are no logins of its own, only what others exchanged for its tokens.
  if ('subject' in choice && !(await readPerson(realm, choice.subject)).heldByClient) {
    await changePerson(realm, choice.subject, (person) => ({ ...person, round: person.round + 1, endedAt: now }))
  }
  if ('client' in choice) await endClientRound(realm, choice.client)
  await realm.audit.write({ time: now, event: 'logins_ended', issuer: realm.issuer, ...choice, ...why })
  return { families: await revokeChosen(realm, choice, why) }
}

/**
 * Begins a new round of logins with a client: what began before is over.
 *
 * @param change - what else is to be noted of the client.
 */
export async function endClientRound(
  realm: LoginsContext,
  clientId: string,
  change: Partial<Pick<ClientState, 'configured' | 'subjects'>> = {},
): Promise<void> {
  const endedAt = Math.floor(realm.clock())
  await updateEntry<ClientState>(realm.store, clientStateKey(realm, clientId), (before) => ({
    value: { configured: before?.configured ?? false, ...change, round: (before?.round ?? 0) + 1, endedAt },
  }))
}

/** Revokes the families that are meant, and those that were exchanged for their tokens. */
export async function revokeChosen(
  realm: LoginsContext,
  choice: LoginChoice,
  why: Pick<AuditEvent, 'address' | 'detail'>,
): Promise<readonly string[]> {
  const ended: string[] = []
  for (const entry of await chosenFamilies(realm, choice)) {
    // oxlint-disable-next-line no-await-in-loop -- one after the other: a million logins at once would keep everybody waiting
    if (await revokeFamily(realm, entry, { event: 'token_revoked', ...why })) ended.push(entry.id)
  }
  return ended
}

/**
 * Ends a login of which somebody has a copy (RFC 6749 section 4.1.2, RFC 9700 section 4.14.2): its refresh token, the tokens of it and those
 * exchanged for them as far as this issuer is asked, and the logins that were exchanged for any of these, which the thief may have made.
 * One that has no refresh token ends as well.
 */
export async function endStolenLogin(
  realm: LoginsContext,
  { familyId, subject }: { readonly familyId: string; readonly subject: string },
  why: Pick<AuditEvent, 'address' | 'detail'>,
): Promise<void> {
  const family = await realm.store.get<Family>({ realm: realm.issuer, kind: 'family', id: familyId })
  if (family) await revokeFamily(realm, family, { event: 'refresh_reuse', ...why })
  else await revokeTag(realm, familyId)
  const exchanged: Entry<Family>[] = []
  for await (const one of families(realm, subject)) if (wasExchanged(one)) exchanged.push(one)
  for (const entry of descendants(realm, [{ id: familyId }], exchanged)) {
    // oxlint-disable-next-line no-await-in-loop -- few
    await revokeFamily(realm, entry, { event: 'token_revoked', ...why })
  }
}

/** Families that are meant, before those that came of them. */
async function chosenFamilies(realm: LoginsContext, choice: LoginChoice): Promise<readonly Entry<Family>[]> {
  const chosen: Entry<Family>[] = []
  const exchanged: Entry<Family>[] = []
  const take = (entry: Entry<Family>): void => {
    if (isChosen(entry, choice)) chosen.push(entry)
    else if (wasExchanged(entry)) exchanged.push(entry)
  }
  if ('family' in choice) {
    const entry = await realm.store.get<Family>({ realm: realm.issuer, kind: 'family', id: choice.family })
    if (entry) for await (const one of families(realm, entry.owner)) take(one)
  } else {
    for await (const one of families(realm, 'subject' in choice ? choice.subject : undefined)) take(one)
  }
  return [...chosen, ...descendants(realm, chosen, exchanged)]
}

/** It came of a token that came of a login. */
function wasExchanged({ value: { parent } }: Entry<Family>): boolean {
  return parent !== undefined && tagOf(parent) !== undefined
}

function isChosen({ id, owner, value }: Entry<Family>, choice: LoginChoice): boolean {
  if ('family' in choice) return id === choice.family
  if ('subject' in choice) return owner === choice.subject
  // What others were given for its tokens has ended with its round.
  return value.clientId === choice.client || value.round?.from?.client === choice.client
}

/** Of `exchanged`, those whose token came of one of `chosen`, or of one of these. */
function descendants(
  realm: LoginsContext,
  chosen: readonly Pick<Entry<Family>, 'id'>[],
  exchanged: readonly Entry<Family>[],
): readonly Entry<Family>[] {
  const byParent = Map.groupBy(exchanged, ({ value }) => tagOf(value.parent!)!)
  const found: Entry<Family>[] = []
  const open = [...chosen]
  for (let next = open.pop(); next; next = open.pop()) {
    const tag = familyTag(realm.secrets, next.id)
    const children = byParent.get(tag) ?? []
    byParent.delete(tag)
    found.push(...children)
    open.push(...children)
  }
  return found
}

/** Refresh families, page by page; of one subject by the index on owners. */
export async function* families(realm: LoginsContext, owner: string | undefined): AsyncGenerator<Entry<Family>> {
  for (let after = ''; ; ) {
    // oxlint-disable-next-line no-await-in-loop -- each page begins where the last one ended
    const page = await realm.store.list<Family>(realm.issuer, 'family', {
      after,
      ...given({ owner }),
    })
    yield* page
    if (page.length === 0) return
    after = page.at(-1)!.id
    // SQLite answers without ever letting go of the process: others have their turn between two pages.
    // oxlint-disable-next-line no-await-in-loop -- as above
    await setImmediate()
  }
}
