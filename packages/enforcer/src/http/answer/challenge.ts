import type { SciTokenError } from '@scitokens/core'
import { listOf, type OptionReaders, readOptions, text } from '@scitokens/core/internal'
import { type HttpRefusal, httpRefusal } from './status.ts'

/** Options of {@link challenge}. */
export interface ChallengeOptions {
  /** `realm` of the challenge. Default: none. */
  readonly realm?: string
  /** Absolute URL of the RFC 9728 metadata, told with the challenge. Default: none. */
  readonly resourceMetadata?: string
  /** Scopes any one of which would do, as scopes write them: `read:/store/a`. Default: none. */
  readonly missing?: readonly string[]
}

const READERS: OptionReaders<ChallengeOptions> = {
  realm: text,
  resourceMetadata: text,
  missing: listOf(text, { empty: true }),
}

/**
 * The value of `WWW-Authenticate` (RFC 6750 section 3), or undefined where the refusal has no challenge. Throws `config_error` for
 * options that make no sense.
 */
export function challenge(
  error: Pick<SciTokenError, 'code' | 'family'>,
  options: ChallengeOptions = {},
): string | undefined {
  return challengeOf(httpRefusal(error), readOptions<ChallengeOptions>(options, READERS))
}

/** As {@link challenge}, for a row of the table and options that were read. */
export function challengeOf(
  refusal: HttpRefusal,
  { realm, resourceMetadata, missing = [] }: ChallengeOptions,
): string | undefined {
  if (!refusal.challenge) return undefined
  const scope = missing
    .map(scopeToken)
    .filter((token) => token !== '')
    .join(' ')
  const parameters = [
    ['realm', realm],
    ['error', refusal.error],
    ['error_description', refusal.description],
    ['scope', refusal.error === 'insufficient_scope' && scope !== '' ? scope : undefined],
    ['resource_metadata', resourceMetadata],
  ] as const
  const written = parameters.flatMap(([name, value]) => (value === undefined ? [] : [`${name}=${quoted(value)}`]))
  return written.length === 0 ? 'Bearer' : `Bearer ${written.join(', ')}`
}

/** RFC 9110 section 5.6.4 quoted-string, of what a header can carry: everything else becomes `?`. */
function quoted(value: string): string {
  return `"${value.replaceAll(/[^\x20-\x7e]/g, '?').replaceAll(/["\\]/g, String.raw`\$&`)}"`
}

/** RFC 6749 section 3.3: characters of a scope-token; a scope that has others cannot be told. */
function scopeToken(scope: string): string {
  return /^[\x21\x23-\x5b\x5d-\x7e]+$/.test(scope) ? scope : ''
}
