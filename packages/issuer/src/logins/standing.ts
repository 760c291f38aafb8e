import type { RealmContext } from '../context/realm-context.ts'
import type { EntryKey } from '../store/store.ts'
import { updateEntry } from '../store/update-entry.ts'

/** What is asked about logins: a realm as far as it knows which clients there are. */
export interface LoginsContext extends RealmContext {
  readonly clients: {
    /** Whether the configuration has this client. */
    isConfigured(clientId: string): boolean
    /** Whether no person may have this subject, whatever is stored. */
    holdsSubject(subject: string): boolean
  }
}

/** Whose a subject is, as stored by the subject. */
export type SubjectRecord = PersonRecord | ClientSubject

/** A person who was seen here. */
export interface PersonRecord {
  readonly holder: 'person'
  /** Seconds since the epoch; to a day. */
  readonly seenAt: number
  /** How often an operator ended the logins of this person. */
  readonly round: number
  /** When lately, in seconds since the epoch. */
  readonly endedAt?: number
  /** Gets nothing until resumed. */
  readonly suspended?: { readonly at: number; readonly reason?: string }
}

/** A subject that clients have, by their id or as configured. */
export interface ClientSubject {
  readonly holder: 'client'
  readonly clients: readonly string[]
}

/** What stays of a client even when it is gone, as stored by its id. */
export interface ClientState {
  /** It stood in the configuration when that was last looked at. */
  readonly configured: boolean
  /** Its subjects, as the configuration said them then. */
  readonly subjects?: readonly string[]
  /** How often the logins with this client were ended: by its removal, or by an operator. */
  readonly round: number
  /** When lately, in seconds since the epoch. */
  readonly endedAt?: number
}

/**
 * The round of a person's logins and of a client's that something belongs to. A code, a device login, a refresh family or a session
 * counts as long as both rounds are still those in which it began: one write ends them all, on every instance, and whatever is
 * being made at this very moment with them.
 */
export interface LoginRound {
  readonly person: number
  readonly client: number
  /** Of another client, whose token this was exchanged for: what came of its logins ends with them. */
  readonly from?: { readonly client: string; readonly round: number }
}

/** Of what was made before rounds were counted. */
export const FIRST_ROUND: LoginRound = { person: 0, client: 0 }

/** How a person and a client stand just now. */
export interface Standing {
  readonly subject: string
  readonly person: PersonRecord | undefined
  /** The subject is a client's. */
  readonly heldByClient: boolean
  readonly client: ClientState | undefined
  /** The client was taken out of the configuration, though this instance has yet to be told. */
  readonly clientGone: boolean
  readonly round: LoginRound
  /** How another client stands whose token is exchanged, or was. */
  readonly from: ClientState | undefined
}

/** What is presented: it began in a round, or was issued at a time. */
export interface Presented {
  readonly round?: LoginRound | undefined
  /** Seconds since the epoch. */
  readonly issuedAt?: number | undefined
  /** The subject may be a client's: it is known by a token of this issuer. */
  readonly derived?: boolean | undefined
}

/** Why something is refused that is good by itself. */
export type StandingRefusal = 'suspended' | 'ended' | 'subject_of_client'

/**
 * Looks up how a person and a client stand. Throws `undecided`.
 *
 * @param from - the client whose token is exchanged, or was; undefined where there is none.
 */
export async function readStanding(
  realm: LoginsContext,
  subject: string,
  clientId: string,
  from?: string,
): Promise<Standing> {
  const other = from !== undefined && from !== clientId ? from : undefined
  const [record, client, fromState] = await Promise.all([
    readSubject(realm, subject),
    readClientState(realm, clientId),
    other === undefined ? undefined : readClientState(realm, other),
  ])
  const person = record?.holder === 'person' ? record : undefined
  return {
    subject,
    person,
    heldByClient: record?.holder === 'client' || realm.clients.holdsSubject(subject),
    client,
    clientGone: client?.configured === false && realm.clients.isConfigured(clientId),
    round: {
      person: person?.round ?? 0,
      client: client?.round ?? 0,
      ...(other === undefined ? {} : { from: { client: other, round: fromState?.round ?? 0 } }),
    },
    from: fromState,
  }
}

/** Why nothing is given to this person by this client, if so. */
export function refusalOf(standing: Standing, presented: Presented = {}): StandingRefusal | undefined {
  const { person, client, round } = standing
  if (standing.heldByClient && !presented.derived) return 'subject_of_client'
  if (person?.suspended) return 'suspended'
  if (standing.clientGone) return 'ended'
  const began = presented.round
  if (began && !isSameRound(began, round)) return 'ended'
  const { issuedAt } = presented
  const over = (endedAt: number | undefined): boolean =>
    issuedAt !== undefined && endedAt !== undefined && issuedAt <= endedAt
  return [person, client, standing.from].some((one) => over(one?.endedAt)) ? 'ended' : undefined
}

/** Whether nobody's logins were ended since. */
export function isSameRound(began: LoginRound, now: LoginRound): boolean {
  const from =
    began.from === undefined || (now.from?.client === began.from.client && now.from.round === began.from.round)
  return from && began.person === now.person && began.client === now.client
}

/** A refusal in words that help whoever asks; who it is about is for the log. */
export function explainRefusal(refusal: StandingRefusal): string {
  switch (refusal) {
    case 'suspended':
      return 'the person is suspended at this issuer'
    case 'ended':
      return 'the login was ended; ask the person to log in again'
    case 'subject_of_client':
      return 'the subject belongs to a client of this issuer'
  }
}

/** Whether a session's person may go on with it. */
export async function refusalOfSession(
  realm: LoginsContext,
  subject: string,
  round: number,
): Promise<StandingRefusal | undefined> {
  const { person, heldByClient } = await readPerson(realm, subject)
  if (heldByClient) return 'subject_of_client'
  if (person?.suspended) return 'suspended'
  return (person?.round ?? 0) === round ? undefined : 'ended'
}

/** How a person stands, whatever the client. Throws `undecided`. */
export async function readPerson(
  realm: LoginsContext,
  subject: string,
): Promise<{ readonly person: PersonRecord | undefined; readonly heldByClient: boolean }> {
  const record = await readSubject(realm, subject)
  return {
    person: record?.holder === 'person' ? record : undefined,
    heldByClient: record?.holder === 'client' || realm.clients.holdsSubject(subject),
  }
}

/** In which round of logins a client is. Throws `undecided`. */
export async function clientRound(realm: LoginsContext, clientId: string): Promise<number> {
  return (await readClientState(realm, clientId))?.round ?? 0
}

/** A person of whom nothing was heard for so long is forgotten, unless suspended or once ended. */
const REMEMBER_SECONDS = 400 * 86_400
const DAY_SECONDS = 86_400

/**
 * Notes that a person was seen, so that no client can be given the same subject; once a day. Answers what is known of the person, or
 * `subject_of_client` where a client was quicker.
 */
export async function notePerson(realm: LoginsContext, subject: string): Promise<PersonRecord | 'subject_of_client'> {
  const now = Math.floor(realm.clock())
  const record = await updateEntry<SubjectRecord>(realm.store, subjectKey(realm, subject), (before) => {
    if (before?.holder === 'client') return undefined
    if (before && before.seenAt + DAY_SECONDS > now) return undefined
    return keepPerson({ ...(before ?? { holder: 'person', round: 0 }), seenAt: now }, now)
  })
  return record!.holder === 'person' ? record! : 'subject_of_client'
}

/** Whether {@link notePerson} has anything to write. */
export function isNoted(realm: LoginsContext, { person }: Pick<Standing, 'person'>): boolean {
  return person !== undefined && person.seenAt + DAY_SECONDS > realm.clock()
}

/** Changes what is known of a person, and makes the record where there is none. `undefined` where the subject is a client's. */
export async function changePerson(
  realm: LoginsContext,
  subject: string,
  change: (before: PersonRecord) => PersonRecord | undefined,
): Promise<PersonRecord | undefined> {
  const now = Math.floor(realm.clock())
  const record = await updateEntry<SubjectRecord>(realm.store, subjectKey(realm, subject), (before) => {
    if (before?.holder === 'client') return undefined
    const after = change(before ?? { holder: 'person', seenAt: now, round: 0 })
    return after && keepPerson(after, now)
  })
  return record?.holder === 'person' ? record : undefined
}

function keepPerson(value: PersonRecord, now: number): { value: PersonRecord; expiresAt?: number } {
  return value.suspended || value.round > 0 ? { value } : { value, expiresAt: now + REMEMBER_SECONDS }
}

export function subjectKey({ issuer }: LoginsContext, subject: string): EntryKey {
  return { realm: issuer, kind: 'subject', id: subject }
}

export function clientStateKey({ issuer }: LoginsContext, clientId: string): EntryKey {
  return { realm: issuer, kind: 'client_state', id: clientId }
}

async function readSubject(realm: LoginsContext, subject: string): Promise<SubjectRecord | undefined> {
  return (await realm.store.get<SubjectRecord>(subjectKey(realm, subject)))?.value
}

async function readClientState(realm: LoginsContext, clientId: string): Promise<ClientState | undefined> {
  return (await realm.store.get<ClientState>(clientStateKey(realm, clientId)))?.value
}
