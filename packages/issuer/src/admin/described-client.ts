import type { Client } from '../clients/client.ts'

/** A client as an operator sees it, without any secret. */
export interface DescribedClient {
  /** Its id. */
  readonly clientId: string
  /** Its name for people. */
  readonly name: string
  /** Where it stands: in the configuration file, in the store, or in the store because it registered itself. */
  readonly origin: 'configuration' | 'store' | 'registration'
  /** How it says who it is; `none`: a public client. */
  readonly authMethods: readonly string[]
  /** Grants that it may use, as `grant_type` names them. */
  readonly grants: readonly string[]
  /** Undefined: what the policy's rules say. */
  readonly scopes?: readonly string[]
  /** What it gets without asking; undefined: all that it may have. */
  readonly defaultScopes?: readonly string[]
  /** Audiences that it may ask for. */
  readonly audiences: readonly string[]
  /** Where people may be sent back to. */
  readonly redirectUris: readonly string[]
  /** Its groups when it acts for itself. */
  readonly groups: readonly string[]
  /** `sub` of tokens for itself. */
  readonly subject: string
  /** Of its access tokens, in seconds. */
  readonly lifetime: number
  /** The profile of its tokens, unless it asks for another one. */
  readonly profile: string
  /** Seconds since the epoch; of a client in the store. */
  readonly createdAt?: number
  /** Its secrets, by when they were made and when they end. Of a client that an operator added. */
  readonly secrets?: readonly { readonly createdAt: number; readonly until?: number }[]
  /** False for one that registered itself at an issuer where nobody may now. */
  readonly active?: boolean
  /** Of one that registered itself: an operator allowed or changed something of it, and it has changed nothing since. */
  readonly approved?: boolean
  /** Why the client cannot be used under the configuration of now. */
  readonly problem?: string
}

/** What of a checked client an operator is told. */
export function describeClient(client: Client, origin: DescribedClient['origin']): DescribedClient {
  return {
    clientId: client.clientId,
    name: client.name,
    origin,
    authMethods: [...client.methods],
    grants: [...client.grants],
    ...(client.ceiling && { scopes: client.ceiling.map(({ text }) => text) }),
    ...(client.defaults && { defaultScopes: client.defaults.map(({ text }) => text) }),
    audiences: client.audience.allowed,
    redirectUris: client.redirectUris,
    groups: client.groups,
    subject: client.subject,
    lifetime: client.lifetime,
    profile: client.profile,
  }
}
