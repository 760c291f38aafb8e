import type { FastifyReply, FastifyRequest } from 'fastify'
import type { JsonObject } from '@scitokens/core'
import type { Principal } from '../policy/principal.ts'
import type { LoginsContext } from '../logins/standing.ts'
import { randomToken } from '../secrets/secrets.ts'
import { refusalOfSession } from '../logins/standing.ts'
import { clearCookie, readSealedCookie, type SealedCookie, setSealedCookie } from '../http/cookies.ts'
import type { Person } from './upstream.ts'

/** A person's session with this issuer. Kept with the browser, encrypted: nothing is stored here. */
export interface Session {
  /** New with every login, so that one made before it is worth nothing. */
  readonly id: string
  readonly person: Person
  /** When the person showed who it is, in seconds since the epoch. */
  readonly authTime: number
  /** The round of the person's logins. */
  readonly round?: number
}

function cookieOf(realm: LoginsContext): SealedCookie {
  return { name: 'session', path: '/', maxAgeSeconds: realm.times.sessionSeconds }
}

/** Begins a session after a login, in a round of the person's logins. */
export function beginSession(realm: LoginsContext, reply: FastifyReply, person: Person, round: number): void {
  const now = Math.floor(realm.clock())
  const session: Session = { id: randomToken(18), person, authTime: Math.min(person.authTime ?? now, now), round }
  setSealedCookie(realm, reply, cookieOf(realm), session as unknown as JsonObject)
}

/**
 * The session of this browser; undefined where there is none, and where the person is suspended or an operator ended it. Throws
 * `undecided` where the store does not answer.
 */
export async function readSession(realm: LoginsContext, request: FastifyRequest): Promise<Session | undefined> {
  const session = readSessionCookie(realm, request)
  if (!session) return undefined
  const refusal = await refusalOfSession(realm, session.person.subject, session.round ?? 0)
  return refusal === undefined ? session : undefined
}

/** What the browser says: enough to log it out. */
export function readSessionCookie(realm: LoginsContext, request: FastifyRequest): Session | undefined {
  return readSealedCookie(realm, request, cookieOf(realm)) as unknown as Session | undefined
}

/** Ends the session of this browser. */
export function endSession(realm: LoginsContext, reply: FastifyReply): void {
  clearCookie(realm, reply, cookieOf(realm))
}

/** Whom tokens will be about. */
export function principalOf({ person, authTime }: Session): Principal {
  return { kind: 'user', subject: person.subject, groups: person.groups ?? [], claims: person.claims ?? {}, authTime }
}
