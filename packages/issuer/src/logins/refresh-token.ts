import type { JsonObject } from '@scitokens/core'
import type { LoginRound } from './standing.ts'
import type { GrantBounds } from '../policy/decide.ts'
import type { Principal } from '../policy/principal.ts'
import { randomToken, type Secrets } from '../secrets/secrets.ts'

/**
 * A refresh family as stored: what was granted, and how often it was refreshed. No token is in it and no hash of one: a token
 * is the family's id, its number, and a keyed hash of both, so that "the same successor" can be said again at any time.
 */
export interface Family {
  readonly clientId: string
  readonly principal: Principal
  readonly bounds: GrantBounds
  /** The number of the newest token. */
  readonly generation: number
  /** Tokens used within the grace window, and when: `[generation, seconds since the epoch]`. */
  readonly used: readonly (readonly [number, number])[]
  readonly createdAt: number
  /** When the client last came. */
  readonly lastUsedAt: number
  /** Which grant began it. */
  readonly grant: string
  /** The round of logins in which it began; none in what was stored before rounds were counted. */
  readonly round?: LoginRound
  /** `jti` of the token it was exchanged for. */
  readonly parent?: string
  /** `cnf` of that token, and so of all that come of it. */
  readonly confirmation?: JsonObject
}

/** A refresh token, read. */
export interface RefreshTokenParts {
  readonly familyId: string
  readonly generation: number
}

/** A name for a new family. */
export function newFamilyId(): string {
  return randomToken(16)
}

/** Writes the refresh token of a family with this number. */
export function formatRefreshToken({ familyId, generation }: RefreshTokenParts, secrets: Secrets): string {
  return `rt.${familyId}.${generation}.${secrets.hash('refresh-token', familyId, String(generation))}`
}

/** Reads a refresh token; undefined where it was not made here. Needs no database, so garbage costs nothing. */
export function parseRefreshToken(token: string, secrets: Secrets): RefreshTokenParts | undefined {
  const match = /^rt\.([A-Za-z0-9_-]{22})\.([1-9]\d{0,14})\.([A-Za-z0-9_-]{43})$/.exec(token)
  if (!match) return undefined
  const [, familyId, generation, mac] = match
  if (!secrets.matches('refresh-token', mac!, familyId!, generation!)) return undefined
  return { familyId: familyId!, generation: Number(generation) }
}
