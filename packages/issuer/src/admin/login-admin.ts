import { InvalidRequestError } from '@scitokens/core'
import {
  given,
  isSubject,
  quote,
  anything,
  type OptionReaders,
  type Reader,
  readOptions,
  text,
} from '@scitokens/core/internal'
import { clientRound, FIRST_ROUND, isSameRound, readPerson } from '../logins/standing.ts'
import type { Realm } from '../realm/realm.ts'
import type { Entry } from '../store/store.ts'
import { type EndedLogins, endLogins, families, type LoginChoice } from '../logins/end-logins.ts'
import type { Family } from '../logins/refresh-token.ts'

/** Which logins are looked for; every condition that is given must hold. */
export interface LoginQuery {
  /** Logins of this person. Default: of everybody. */
  readonly subject?: string
  /** Logins with this client, by its id. Default: with all. */
  readonly client?: string
  /** As the audit names it. */
  readonly family?: string
}

/** A login that goes on: a refresh family, without its token. Times in seconds since the epoch. */
export interface DescribedLogin {
  /** Its name: that of its refresh family, as the audit has it. */
  readonly family: string
  /** The client that the person allowed, by its id. */
  readonly client: string
  /** The person. */
  readonly subject: string
  /** Which grant began it. */
  readonly grant: string
  /** What was granted, items separated by spaces. */
  readonly scope: string
  /** The servers that its tokens are bounded to; empty: those of the client. */
  readonly audience: readonly string[]
  /** When it began, in seconds since the epoch. */
  readonly createdAt: number
  /** When its client last came, in seconds since the epoch. */
  readonly lastUsedAt: number
  /** When it ends unless it is used before. */
  readonly expiresAt?: number
  /** `jti` of the token it was exchanged for. */
  readonly parent?: string
}

/** Each is read by what it names; the subject is judged with more words below. */
const CHOICE: OptionReaders<{ subject?: string; client?: string; family?: string }> = {
  subject: anything as Reader<string>,
  client: text,
  family: text,
}

const QUERY: OptionReaders<LoginQuery> = { subject: text, client: text, family: text }

/** What an operator does with logins that go on: those that have a refresh token. Every instance follows at once. */
export class LoginAdmin {
  readonly #realm: Realm

  constructor(realm: Realm) {
    this.#realm = realm
  }

  /**
   * Logins that go on, those of a person found by an index, others by looking at all. Throws `undecided` where the store does not answer.
   */
  async *list(query: LoginQuery = {}): AsyncGenerator<DescribedLogin> {
    const { subject, client, family } = readOptions(query, QUERY)
    const rounds = new Map<string, Promise<number>>()
    const once = (key: string, read: () => Promise<number>): Promise<number> => {
      const known = rounds.get(key) ?? read()
      return rounds.set(key, known) && known
    }
    for await (const entry of await this.#entries(subject, family)) {
      const { value, owner = '' } = entry
      if (client !== undefined && value.clientId !== client) continue
      if (subject !== undefined && owner !== subject) continue
      const { round = FIRST_ROUND, clientId } = value
      const now = {
        person: await once(`p ${owner}`, async () => (await readPerson(this.#realm, owner)).person?.round ?? 0),
        client: await once(`c ${clientId}`, () => clientRound(this.#realm, clientId)),
        ...(round.from && {
          from: {
            client: round.from.client,
            round: await once(`c ${round.from.client}`, () => clientRound(this.#realm, round.from!.client)),
          },
        }),
      }
      // Ended, and only waiting to be cleared away.
      if (isSameRound(round, now)) yield describe(entry)
    }
  }

  /**
   * Ends logins for good, at once on every instance: refresh tokens; of a person or a client also codes and device logins under way, and a
   * person's sessions at this issuer. Access tokens that are out end by themselves; this issuer answers that they are not active. Logins
   * that were exchanged for tokens of these end with them. Each is a line of the audit.
   *
   * Throws `invalid_request` for a login that does not go on and a subject that no token can carry, `undecided` where the store does not answer.
   */
  async end(choice: LoginChoice): Promise<EndedLogins> {
    if (Object.keys(readOptions(choice, CHOICE)).length !== 1)
      throw new InvalidRequestError('invalid_request', 'name one: a person (subject), a client, or a login (family)')
    if ('family' in choice && !(await this.#family(choice.family))) {
      throw new InvalidRequestError('invalid_request', `there is no login ${quote(choice.family)} that goes on`)
    }
    if ('subject' in choice && !isSubject(choice.subject))
      throw new InvalidRequestError('invalid_request', 'this is no subject that a token can carry')
    return endLogins(this.#realm, choice, { detail: 'by an operator' })
  }

  async #entries(
    subject: string | undefined,
    family: string | undefined,
  ): Promise<AsyncIterable<Entry<Family>> | readonly Entry<Family>[]> {
    if (family === undefined) return families(this.#realm, subject)
    const entry = await this.#family(family)
    return entry ? [entry] : []
  }

  #family(id: string): Promise<Entry<Family> | undefined> {
    return this.#realm.store.get<Family>({ realm: this.#realm.issuer, kind: 'family', id })
  }
}

function describe({ id, value, expiresAt }: Entry<Family>): DescribedLogin {
  const { clientId, principal, bounds, grant, createdAt, lastUsedAt, parent } = value
  return {
    family: id,
    client: clientId,
    subject: principal.subject,
    grant,
    scope: [...bounds.identity, ...bounds.scope].join(' '),
    audience: bounds.audience,
    createdAt,
    lastUsedAt,
    ...given({ expiresAt, parent }),
  }
}
