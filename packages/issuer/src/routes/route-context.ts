import type { FastifyInstance } from 'fastify'
import type { Realm } from '../realm/realm.ts'

/** What an endpoint's file gets: the issuer it serves, and where to hang itself. Paths are below the issuer's own. */
export interface RouteContext {
  readonly realm: Realm
  readonly app: FastifyInstance
  /** Path of the issuer's URL without a slash at the end: `/cms`, or empty. */
  readonly basePath: string
  /** Set where several issuers differ by host. */
  readonly host: string | undefined
}

/** Route options that every endpoint of a realm shares. */
export function constraintsOf({ host }: RouteContext): { constraints?: { host: string } } {
  return host === undefined ? {} : { constraints: { host } }
}
