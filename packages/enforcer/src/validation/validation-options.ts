import type { Clock } from '@scitokens/core'
import {
  callable,
  choice,
  flag,
  listOf,
  number,
  oneOrMore,
  type OptionReaders,
  type Reader,
  text,
  wrong,
} from '@scitokens/core/internal'

/** Options that decide whether a token's claims hold here and now. Names as in the conformance suite. */
export interface ValidationOptions {
  /** The names of this server; a match with one is enough. Required unless `audienceCheck` is `none`. Never `ANY`. */
  readonly audience?: string | readonly string[]
  /** `none`: any audience will do, said explicitly. */
  readonly audienceCheck?: 'none'
  /** `compat`: all of them; or a list. Default: `compat`. */
  readonly profiles?: 'compat' | readonly string[]
  /** Seconds of grace for `nbf` and `iat`, at most 300; never for `exp`. Default: 60. */
  readonly clockTolerance?: number
  /** The longest accepted time from `nbf` or `iat` (of a chain: the base's) to `exp`, in seconds. Default: unlimited. */
  readonly maxLifetime?: number
  /** Every claim that the profile's document requires must be there. Default: false. */
  readonly strict?: boolean
  /** Audience `ANY` counts in 1.0 tokens too. Default: false. */
  readonly acceptAnyInV1?: boolean
  /** `scp` (array, or string split at spaces) stands in for a missing `scope`. Default: false. */
  readonly acceptScp?: boolean
  /** `https://scitokens.org/v1/authz/read:/x` means `read:/x`. Default: false. */
  readonly acceptUriScopes?: boolean
  /** Default: the machine's. */
  readonly clock?: Clock
}

/** How the options of {@link ValidationOptions} are read. */
export const VALIDATION_READERS: OptionReaders<ValidationOptions> = {
  audience: oneOrMore(text),
  audienceCheck: choice('none'),
  profiles: (value, name) => (value === 'compat' ? value : listOf(text)(value, name)),
  clockTolerance: number(0, 300, 'seconds'),
  maxLifetime: aboveZero('seconds'),
  strict: flag,
  acceptAnyInV1: flag,
  acceptScp: flag,
  acceptUriScopes: flag,
  clock: callable<Clock>(),
}

/** A number above zero that is no zero however it is rounded. */
function aboveZero(unit: string): Reader<number> {
  const read = number(0, Number.MAX_SAFE_INTEGER, unit)
  return (value, name) => {
    if (read(value, name) > 0) return value as number
    throw wrong(name, `a number of ${unit} above zero`, value)
  }
}
