import { given } from '@scitokens/core/internal'
import { createHash } from 'node:crypto'
import { OAuthError } from '../http/oauth-error.ts'
import { FIRST_ROUND, type LoginRound } from '../logins/standing.ts'
import type { GrantBounds } from '../policy/decide.ts'
import type { Principal } from '../policy/principal.ts'
import type { Entry } from '../store/store.ts'
import { newFamilyId } from '../logins/refresh-token.ts'
import { familyTag, newTokenId } from '../logins/token-id.ts'
import type { Grant } from './grant.ts'

/** An authorization code as stored, by the keyed hash of the code. */
export interface CodeRecord {
  readonly clientId: string
  readonly redirectUri: string
  /** RFC 6749 section 4.1.3: it must come again only if it came. */
  readonly redirectUriGiven: boolean
  readonly codeChallenge: string | undefined
  readonly principal: Principal
  readonly bounds: GrantBounds
  readonly round?: LoginRound
  readonly nonce: string | undefined
  /** Seconds since the epoch. */
  readonly expiresAt: number
  /** Set when it was redeemed: what to end when it comes again. */
  readonly used?: { readonly familyId: string; readonly jti: string; readonly tokenExpiresAt: number }
}

/** A redeemed code is remembered for so long beyond its life, in seconds. */
const REMEMBER_SECONDS = 3600

/** RFC 6749 section 4.1.3 with PKCE (RFC 7636, S256 only). */
export const authorizationCode: Grant = {
  grantType: 'authorization_code',
  shortName: 'authorization_code',
  label: 'You allowed it in your browser',
  givenTo: 'people',
  needs: { login: true, credentials: false, redirectUri: true },
  parameters: ['code', 'redirect_uri', 'code_verifier'],
  async handle({ client, parameters, now, tools }) {
    const code = parameters.required('code')
    const id = tools.secrets.hash('lookup', 'code', code)
    const entry = await tools.store.get<CodeRecord>({ realm: tools.issuer, kind: 'code', id })
    if (!entry || entry.value.clientId !== client.clientId) throw refuse('the code is not valid')
    const record = entry.value
    if (record.used) {
      // RFC 6749 section 4.1.2: whoever used it first loses what he got.
      const login = { familyId: record.used.familyId, subject: record.principal.subject }
      await tools.endStolen(login, 'its authorization code was used again')
      await tools.revokeToken(record.used.jti, record.used.tokenExpiresAt)
      throw refuse('the code was used before')
    }
    if (record.expiresAt <= now) throw refuse('the code has expired')
    const redirectUri = parameters.one('redirect_uri')
    if (redirectUri === undefined ? record.redirectUriGiven : redirectUri !== record.redirectUri)
      throw refuse('redirect_uri differs from the one of the request')
    checkVerifier(record.codeChallenge, parameters.one('code_verifier'))
    const familyId = newFamilyId()
    const jti = newTokenId(familyTag(tools.secrets, familyId))
    const used = { familyId, jti, tokenExpiresAt: now + client.lifetime }
    return {
      principal: record.principal,
      bounds: record.bounds,
      round: record.round ?? FIRST_ROUND,
      changes: [markUsed(entry, used)],
      conflict: 'the code was used before',
      refresh: { kind: 'new', familyId, bounds: record.bounds },
      jti,
      ...given({ nonce: record.nonce }),
    }
  },
}

function markUsed(
  entry: Entry<CodeRecord>,
  used: NonNullable<CodeRecord['used']>,
): { replace: Entry; value: CodeRecord; expiresAt: number } {
  return { replace: entry, value: { ...entry.value, used }, expiresAt: entry.value.expiresAt + REMEMBER_SECONDS }
}

function checkVerifier(challenge: string | undefined, verifier: string | undefined): void {
  if (challenge === undefined) {
    // RFC 9700 section 4.8.2: a verifier without a challenge shows that the challenge was taken out on the way.
    if (verifier !== undefined) throw refuse('a code_verifier came, but the request had no code_challenge')
    return
  }
  if (verifier === undefined) throw refuse('the code_verifier is missing')
  const valid = /^[A-Za-z0-9._~-]{43,128}$/.test(verifier)
  if (!valid || createHash('sha256').update(verifier).digest('base64url') !== challenge) {
    throw refuse('the code_verifier does not fit the code_challenge')
  }
}

function refuse(description: string): OAuthError {
  return new OAuthError('invalid_grant', description)
}
