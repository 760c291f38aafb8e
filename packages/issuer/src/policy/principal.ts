import type { JsonValue } from '@scitokens/core'

/** Whom a token is about. */
export interface Principal {
  /** A person who logged in, or a client that acts for itself. */
  readonly kind: 'user' | 'client'
  /** Becomes the `sub` of tokens. */
  readonly subject: string
  /** Groups by the WLCG grammar, in the order in which they are told. */
  readonly groups: readonly string[]
  /** What the upstream said about a person; available to policy as `claim` and to templates. */
  readonly claims: Readonly<Record<string, JsonValue>>
  /** When the person logged in, in seconds since the epoch. */
  readonly authTime?: number
  /** Known by a token of this issuer that proves what he may have (RFC 8693): the rules are not asked again. */
  readonly derived?: boolean
}
