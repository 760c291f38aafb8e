import { type Clock, SciToken, SciTokenError, splitKeyedToken } from '@scitokens/core'
import type { Grant, Wanted } from '../oauth/oauth-client.ts'
import { loginRequired } from '../oauth/oauth-failure.ts'

/** Seconds that a token derived for a job lives, unless the base token ends before: as HTCondor's local credmon has it. */
const LIFETIME = 1200

/**
 * Makes a leaf of a base token: an access token made here, without any issuer. It carries no key, so that whoever reads it
 * can do nothing but use it.
 *
 * Throws `login_required` when the base token has expired, and what core says of a wish that the base does not cover.
 */
export async function issueChild(baseToken: string, wanted: Wanted, clock: Clock): Promise<Grant> {
  const parent = SciToken.decode(splitKeyedToken(baseToken).token).unverifiedClaims
  const now = clock()
  const left = Math.floor((parent['exp'] as number) - now)
  const leaf = new SciToken({ parent: baseToken })
  if (wanted.scopes.length > 0) leaf.set('scope', wanted.scopes.join(' '))
  if (wanted.audience.length > 0)
    leaf.set('aud', wanted.audience.length === 1 ? wanted.audience[0]! : [...wanted.audience])
  try {
    const accessToken = await leaf.serialize({ clock, lifetime: Math.min(LIFETIME, Math.max(left, 1)) })
    const expiresAt = SciToken.decode(accessToken).unverifiedClaims['exp'] as number
    return { accessToken, issuedAt: now, expiresAt, refreshToken: undefined, scopes: undefined }
  } catch (error) {
    if (error instanceof SciTokenError && error.code === 'expired') {
      throw loginRequired(parent['iss'] as string, 'the base token has expired')
    }
    throw error
  }
}
