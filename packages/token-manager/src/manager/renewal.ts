import type { Random } from '@scitokens/core/internal'

/** Share of a token's life by which renewals are spread, before and after half of it. */
const JITTER = 0.05

/**
 * When a token is to be renewed: at half of its life, give or take a twentieth, so that ten thousand tokens of one morning
 * do not come back in one second. Seconds since the epoch.
 */
export function renewalTime(issuedAt: number, expiresAt: number, random: Random = Math.random): number {
  const life = Math.max(0, expiresAt - issuedAt)
  return issuedAt + life * (0.5 + JITTER * (2 * random() - 1))
}
