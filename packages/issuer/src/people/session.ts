import type { FastifyReply, FastifyRequest } from 'fastify'
import type { JsonObject } from '@scitokens/core'
import type { Principal } from '../policy/principal.ts'
import type { Realm } from '../realm.ts'
import { randomToken } from '../secrets.ts'
import { clearCookie, readSealedCookie, type SealedCookie, setSealedCookie } from './cookies.ts'
import type { Person } from './upstream.ts'

/** A person's session with this issuer. Kept with the browser, encrypted: nothing is stored here. */
export interface Session {
  /** New with every login, so that one made before it is worth nothing. */
  readonly id: string
  readonly person: Person
  /** When the person showed who it is, in seconds since the epoch. */
  readonly authTime: number
}

function cookieOf(realm: Realm): SealedCookie {
  return { name: 'session', path: '/', maxAgeSeconds: realm.times.sessionSeconds }
}

/** Begins a session after a login. */
export function beginSession(realm: Realm, reply: FastifyReply, person: Person): void {
  const now = Math.floor(realm.clock())
  const session: Session = { id: randomToken(18), person, authTime: Math.min(person.authTime ?? now, now) }
  setSealedCookie(realm, reply, cookieOf(realm), session as unknown as JsonObject)
}

export function readSession(realm: Realm, request: FastifyRequest): Session | undefined {
  return readSealedCookie(realm, request, cookieOf(realm)) as unknown as Session | undefined
}

/** Ends the session of this browser. */
export function endSession(realm: Realm, reply: FastifyReply): void {
  clearCookie(realm, reply, cookieOf(realm))
}

/** Whom tokens will be about. */
export function principalOf({ person, authTime }: Session): Principal {
  return { kind: 'user', subject: person.subject, groups: person.groups ?? [], claims: person.claims ?? {}, authTime }
}
