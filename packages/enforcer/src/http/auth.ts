import type { JsonObject, ProfileName, RequestPathOptions, Scope } from '@scitokens/core'
import type { ValidatedToken } from '../validated-token.ts'

/** Who is asking, for an app's handlers: `req.auth`. */
export interface Auth {
  /** The token as it came. Not enumerable: it appears in no JSON and no log of this object. */
  readonly token: string
  readonly header: JsonObject
  readonly claims: JsonObject
  readonly issuer: string
  readonly subject: string | undefined
  readonly profile: ProfileName
  /** What it grants, in the server's namespace. */
  readonly scopes: readonly Scope[]
  /** Of this issuer; they mean nothing without it. */
  readonly groups: readonly string[]
  readonly expiresAt: Date
  /** The local account of the site's mapping, if there is one. */
  readonly user: string | undefined
  /** Whether the token allows this now. False as well once it has expired, and for a path that makes no sense. */
  can(authz: string, path?: string, options?: RequestPathOptions): boolean
}

/** Makes the object. */
export function createAuth(token: string, validated: ValidatedToken, user?: string): Auth {
  const auth = {
    header: validated.header,
    claims: validated.claims,
    issuer: validated.issuer,
    subject: validated.subject,
    profile: validated.profile,
    scopes: validated.scopes,
    groups: validated.groups,
    expiresAt: new Date(validated.expiresAt * 1000),
    user: user ?? validated.userFor(undefined),
    can: (authz: string, path?: string, options?: RequestPathOptions) =>
      // The path of a request is never to be resolved behind the app's back.
      validated.can(authz, path, { rejectDotSegments: true, ...options }),
  }
  return Object.defineProperty(auth, 'token', { value: token, enumerable: false }) as Auth
}
