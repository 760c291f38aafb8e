import { ConfigError, TokenNotAcceptableError } from '../errors.ts'
import type { JsonValue } from '../jose/json.ts'
import { ANY_AUDIENCE, type ProfileName, profileRules, WLCG_ANY_AUDIENCE } from './profile-rules.ts'

/** Reads an `aud` claim: a string or a list of strings, nothing else (RFC 7519 section 4.1.3). Throws `invalid_claim`. */
export function parseAudience(value: JsonValue): readonly string[] {
  if (typeof value === 'string') return [value]
  if (Array.isArray(value) && value.every((item) => typeof item === 'string')) return value
  throw new TokenNotAcceptableError('invalid_claim', 'aud must be a string or a list of strings', {
    reason: 'invalid',
    claim: 'aud',
  })
}

/** Checks a server's own names. A server is never "everyone": that word belongs to tokens. Throws `config_error`. */
export function checkOwnAudiences(audiences: readonly string[]): readonly string[] {
  if (audiences.length === 0)
    throw new ConfigError('config_error', 'no audience is configured: name this server, or say audienceCheck "none"')
  for (const audience of audiences) {
    if (typeof audience !== 'string' || audience === '')
      throw new ConfigError('config_error', 'a configured audience is empty')
    if (audience === ANY_AUDIENCE || audience === WLCG_ANY_AUDIENCE) {
      throw new ConfigError('config_error', `a server cannot call itself ${audience}`)
    }
  }
  return audiences
}

/**
 * Whether a token is meant for this server: one of its audiences is one of ours, to the letter, or is the profile's word
 * for everyone.
 *
 * @param acceptAnyInV1 - `ANY` counts in 1.0 tokens too. Default: false.
 */
export function audienceMatches(
  token: readonly string[],
  ours: readonly string[],
  profile: ProfileName,
  acceptAnyInV1 = false,
): boolean {
  const { everyoneAudience, everyoneAudienceByChoice } = profileRules(profile)
  const everyone = everyoneAudience ?? (acceptAnyInV1 ? everyoneAudienceByChoice : undefined)
  return token.some((audience) => ours.includes(audience) || (everyone !== undefined && audience === everyone))
}
