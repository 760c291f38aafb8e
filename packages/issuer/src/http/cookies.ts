import type { FastifyReply, FastifyRequest } from 'fastify'
import type { JsonObject } from '@scitokens/core'
import type { RealmContext } from '../context/realm-context.ts'

/** A cookie that this issuer alone can read and write. */
export interface SealedCookie {
  readonly name: 'session' | 'login'
  /** Path below the issuer's. */
  readonly path: string
  readonly maxAgeSeconds: number
}

const MAX_COOKIE_LENGTH = 3800
/** How far the clocks of two instances may differ, in seconds. */
const CLOCK_SKEW = 60

/** Sets a cookie: encrypted, HttpOnly, SameSite=Lax, Secure wherever the issuer has TLS. */
export function setSealedCookie(
  realm: RealmContext,
  reply: FastifyReply,
  cookie: SealedCookie,
  value: JsonObject,
): void {
  const expiresAt = Math.floor(realm.clock()) + cookie.maxAgeSeconds
  const sealed = realm.secrets.seal('session', JSON.stringify({ value, expiresAt }), contextOf(realm, cookie))
  if (sealed.length > MAX_COOKIE_LENGTH)
    throw new RangeError('what the upstream said about a person does not fit a cookie')
  append(reply, `${cookieName(realm, cookie)}=${sealed}; Max-Age=${cookie.maxAgeSeconds}${attributes(realm, cookie)}`)
}

/** Takes a cookie away. */
export function clearCookie(realm: RealmContext, reply: FastifyReply, cookie: SealedCookie): void {
  append(reply, `${cookieName(realm, cookie)}=; Max-Age=0${attributes(realm, cookie)}`)
}

/**
 * The value of a cookie; undefined where there is none, or it is over, changed or another issuer's, and where there are two of the
 * name: a neighbour's host name can add one of its own to ours, and nothing tells which is which (RFC 6265 section 8.6). Readers of the
 * shelf (`cookie`) take the first of two.
 */
export function readSealedCookie(
  realm: RealmContext,
  request: FastifyRequest,
  cookie: SealedCookie,
): JsonObject | undefined {
  const name = cookieName(realm, cookie)
  const [pair, another] = (request.headers.cookie ?? '').split(/; */).filter((part) => part.startsWith(`${name}=`))
  if (pair === undefined || another !== undefined) return undefined
  const text = realm.secrets.open('session', pair.slice(name.length + 1), contextOf(realm, cookie))
  if (text === undefined) return undefined
  const { value, expiresAt } = JSON.parse(text) as { value: JsonObject; expiresAt: number }
  const left = expiresAt - realm.clock()
  // One that would last for longer than any was made by a clock that has been set back since.
  return left > 0 && left <= cookie.maxAgeSeconds + CLOCK_SKEW ? value : undefined
}

function append(reply: FastifyReply, cookie: string): void {
  const present = reply.getHeader('set-cookie')
  void reply.removeHeader('set-cookie')
  void reply.header('set-cookie', [...(present === undefined ? [] : [present].flat().map(String)), cookie])
}

function contextOf(realm: RealmContext, { name }: SealedCookie): string {
  return `${realm.issuer} ${name}`
}

function isSecure(realm: RealmContext): boolean {
  return realm.issuer.startsWith('https:')
}

function cookieName(realm: RealmContext, { name }: SealedCookie): string {
  return `${isSecure(realm) ? '__Secure-' : ''}scitokens_${name}`
}

function attributes(realm: RealmContext, { path }: SealedCookie): string {
  const base = new URL(realm.issuer).pathname.replace(/\/$/, '')
  return `; Path=${base}${path}; HttpOnly; SameSite=Lax${isSecure(realm) ? '; Secure' : ''}`
}
