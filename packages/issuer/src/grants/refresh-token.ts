import { given } from '@scitokens/core/internal'
import type { Client } from '../clients/client.ts'
import { OAuthError } from '../http/oauth-error.ts'
import { FIRST_ROUND } from '../logins/standing.ts'
import type { Entry } from '../store/store.ts'
import { type Family, formatRefreshToken, parseRefreshToken, type RefreshTokenParts } from '../logins/refresh-token.ts'
import type { Grant, GrantProposal, GrantTools } from './grant.ts'

/** RFC 6749 section 6, with rotation as RFC 9700 section 4.14.2 asks and a grace window for retries. */
export const refreshToken: Grant = {
  grantType: 'refresh_token',
  shortName: 'refresh_token',
  label: undefined,
  givenTo: 'people',
  needs: { login: false, credentials: false, redirectUri: false },
  parameters: ['refresh_token'],
  async handle({ client, parameters, now, tools }) {
    const parts = parseRefreshToken(parameters.required('refresh_token'), tools.secrets)
    const entry = parts && (await tools.store.get<Family>({ realm: tools.issuer, kind: 'family', id: parts.familyId }))
    if (!entry || entry.value.clientId !== client.clientId || isOver(entry.value, client, now)) {
      throw refuse('the refresh token is not valid, or no longer')
    }
    const use = client.refresh.rotate ? rotated(entry, parts, client, now) : unrotated(entry, parts, client, now)
    if (!use) {
      const login = { familyId: parts.familyId, subject: entry.value.principal.subject }
      await tools.endStolen(login, `token ${parts.generation} was used again after its successor`)
      throw refuse('the refresh token was used before; ask the person to log in again')
    }
    return propose(entry, use, parts, tools)
  },
}

/** Uses that a family remembers: so many within one grace window come of no honest client, and the entry stays small. */
const MAX_REMEMBERED = 200

interface Use {
  readonly generation: number
  readonly changes: GrantProposal['changes']
}

/**
 * A token that was not used before gets a successor. One that was gets the same successor again within the grace window, so that
 * a lost reply and a second thread do no harm; after it somebody has a copy: undefined.
 */
function rotated(
  entry: Entry<Family>,
  { generation }: RefreshTokenParts,
  client: Client,
  now: number,
): Use | undefined {
  const family = entry.value
  const { graceSeconds } = client.refresh
  const used = family.used.filter(([, at]) => at + graceSeconds > now)
  if (generation < family.generation) {
    return used.some(([number]) => number === generation) ? { generation: generation + 1, changes: [] } : undefined
  }
  // A token of a higher number than the store knows was made here all the same: the store came back from a backup.
  const value: Family = {
    ...family,
    generation: generation + 1,
    used: graceSeconds > 0 ? [...used, [generation, now] as const].slice(-MAX_REMEMBERED) : used,
    lastUsedAt: now,
  }
  return { generation: generation + 1, changes: [replace(entry, value, client, now)] }
}

function unrotated(entry: Entry<Family>, { generation }: RefreshTokenParts, client: Client, now: number): Use {
  return { generation, changes: [replace(entry, { ...entry.value, lastUsedAt: now }, client, now)] }
}

function replace(entry: Entry<Family>, used: Family, client: Client, now: number): GrantProposal['changes'][number] {
  const { lifetimeSeconds, maxSeconds } = client.refresh
  // A login made by a clock that was ahead counts from its first use by one that is right.
  const value = { ...used, createdAt: Math.min(used.createdAt, now) }
  const end = maxSeconds === undefined ? Infinity : value.createdAt + maxSeconds
  // In steps of a hundredth: most refreshes leave the end as it is, and with it the index by which the expired are found.
  const step = Math.max(1, Math.floor(lifetimeSeconds / 100))
  const idle = Math.ceil((now + lifetimeSeconds) / step) * step
  return { replace: entry, value, expiresAt: Math.min(idle, end) }
}

function isOver({ createdAt }: Family, { refresh }: Client, now: number): boolean {
  return refresh.maxSeconds !== undefined && createdAt + refresh.maxSeconds <= now
}

function propose(entry: Entry<Family>, use: Use, { familyId }: RefreshTokenParts, tools: GrantTools): GrantProposal {
  const { principal, bounds, parent, confirmation, round = FIRST_ROUND } = entry.value
  const token = formatRefreshToken({ familyId, generation: use.generation }, tools.secrets)
  return {
    principal,
    bounds,
    round,
    changes: use.changes,
    // A parallel request was quicker: its outcome, read again, says what this one gets.
    retryOnConflict: true,
    refresh: { kind: 'existing', familyId, token },
    ...given({ parent, confirmation }),
  }
}

function refuse(description: string): OAuthError {
  return new OAuthError('invalid_grant', description)
}
