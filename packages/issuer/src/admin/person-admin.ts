import { InvalidRequestError } from '@scitokens/core'
import { given, isSubject, quote } from '@scitokens/core/internal'
import type { AuditEvent } from '../audit/audit.ts'
import { changePerson, type PersonRecord, readPerson, type SubjectRecord } from '../logins/standing.ts'
import type { Realm } from '../realm/realm.ts'

/** A person as an operator sees him. Times in seconds since the epoch. */
export interface DescribedPerson {
  /** The person, as `sub` of tokens names it. */
  readonly subject: string
  /** When the person last logged in or a token was issued about him, to a day. */
  readonly seenAt: number
  /** Since when (seconds since the epoch) the person gets nothing, and why; undefined: not suspended. */
  readonly suspended?: { readonly at: number; readonly reason?: string }
  /** When an operator last ended all logins of the person. */
  readonly endedAt?: number
}

/** What an operator does about people. Every instance follows at once; each change leaves an audit line. */
export class PersonAdmin {
  readonly #realm: Realm

  constructor(realm: Realm) {
    this.#realm = realm
  }

  /**
   * People who were seen here within the last 400 days, and all who are suspended. Throws `undecided` where the store does not answer.
   *
   * @param options - `suspended`: only these (default: false).
   */
  async *list(options: { readonly suspended?: boolean } = {}): AsyncGenerator<DescribedPerson> {
    for (let after = ''; ; ) {
      // oxlint-disable-next-line no-await-in-loop -- page by page
      const page = await this.#realm.store.list<SubjectRecord>(this.#realm.issuer, 'subject', { after })
      if (page.length === 0) return
      after = page.at(-1)!.id
      for (const { id, value } of page) {
        if (value.holder === 'person' && (value.suspended || !options.suspended)) yield describe(id, value)
      }
    }
  }

  /**
   * Suspends a person: no login, no token by any grant, nothing from userinfo and introspection, until resumed. Access tokens that are out
   * are good at servers that do not ask until they end. Somebody who was never seen here can be suspended, too.
   *
   * Throws `invalid_request` for a subject that no token can carry, or that a client has.
   *
   * @param options - `reason`: for other operators; stands in the audit.
   */
  async suspend(subject: string, options: { readonly reason?: string } = {}): Promise<DescribedPerson> {
    if (!isSubject(subject))
      throw new InvalidRequestError('invalid_request', 'this is no subject that a token can carry')
    const { reason } = options
    const suspended = { at: this.#now(), ...given({ reason }) }
    await this.#refuseClients(subject)
    const person = await changePerson(this.#realm, subject, (before) => ({ ...before, suspended }))
    if (!person) throw ofClient(subject)
    await this.#audit('person_suspended', subject, reason)
    return describe(subject, person)
  }

  /**
   * Lets a suspended person in again. Logins that nobody ended in between go on. Throws `invalid_request` where the person is not
   * suspended.
   */
  async resume(subject: string): Promise<DescribedPerson> {
    if (!(await readPerson(this.#realm, subject)).person?.suspended)
      throw new InvalidRequestError('invalid_request', `${quote(subject)} is not suspended`)
    const person = await changePerson(this.#realm, subject, ({ suspended: _, ...before }) => before)
    if (!person) throw ofClient(subject)
    await this.#audit('person_resumed', subject, undefined)
    return describe(subject, person)
  }

  async #refuseClients(subject: string): Promise<void> {
    if ((await readPerson(this.#realm, subject)).heldByClient) throw ofClient(subject)
  }

  async #audit(event: AuditEvent['event'], subject: string, detail: string | undefined): Promise<void> {
    const more = given({ detail })
    await this.#realm.audit.write({ time: this.#now(), event, issuer: this.#realm.issuer, subject, ...more })
  }

  #now(): number {
    return Math.floor(this.#realm.clock())
  }
}

function ofClient(subject: string): InvalidRequestError {
  return new InvalidRequestError(
    'invalid_request',
    `${quote(subject)} is the subject of a client: look after the client instead`,
  )
}

function describe(subject: string, { seenAt, suspended, endedAt }: PersonRecord): DescribedPerson {
  return {
    subject,
    seenAt,
    ...given({ suspended, endedAt }),
  }
}
