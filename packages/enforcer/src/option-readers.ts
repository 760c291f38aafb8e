// How each option is read: for every interface of options a table that the compiler holds complete.
import type { ChainLimits, Clock } from '@scitokens/core'
import {
  anything,
  callable,
  choice,
  flag,
  listOf,
  nested,
  number,
  oneOrMore,
  type OptionReaders,
  type Reader,
  readOptions,
  recordOf,
  text,
  whole,
  wrong,
} from '@scitokens/core/internal'
import type { ClaimValidator } from './claim-validator.ts'
import type { EnforcerOptions, IssuerOptions, ValidationOptions } from './options.ts'
import { readRevocation } from './revocation.ts'
import { MAPPING_READERS } from './subject-mapping.ts'
import { CACHE_READERS } from './verdict-cache.ts'

const names = oneOrMore(text)
const clock = callable<Clock>()

/** Of {@link ValidationOptions}. */
export const VALIDATION_READERS: OptionReaders<ValidationOptions> = {
  audience: names,
  audienceCheck: choice('none'),
  profiles: (value, name) => (value === 'compat' ? value : listOf(text)(value, name)),
  clockTolerance: number(0, 300, 'seconds'),
  maxLifetime: aboveZero('seconds'),
  strict: flag,
  acceptAnyInV1: flag,
  acceptScp: flag,
  acceptUriScopes: flag,
  clock,
}

/** Of {@link IssuerOptions}. An empty list of `restrictedPaths` or `authorizations` grants nothing, as it says. */
const ISSUER_READERS: OptionReaders<IssuerOptions> = {
  basePath: names,
  restrictedPaths: listOf(text, { empty: true }),
  authorizations: listOf(text, { empty: true }),
  audience: names,
  mapping: nested(MAPPING_READERS),
  groupsClaim: text,
  groups: recordOf(listOf(text, { empty: true })),
}

const CHAIN_READERS: OptionReaders<ChainLimits> = {
  maxDepth: whole(1, Number.MAX_SAFE_INTEGER, 'links'),
  maxLength: whole(1, Number.MAX_SAFE_INTEGER, 'characters'),
}

/** Of {@link EnforcerOptions}. */
export const ENFORCER_READERS: OptionReaders<EnforcerOptions> = {
  ...VALIDATION_READERS,
  issuers: readIssuers,
  keys: readKeys,
  algorithms: listOf(text),
  requireKid: flag,
  acceptPaddedKeys: flag,
  maxTokenLength: whole(1, Number.MAX_SAFE_INTEGER, 'characters'),
  basePath: text,
  sharedBasePaths: listOf(text, { empty: true }),
  onMissing: choice('passthrough', 'allow', 'deny'),
  rejectDotSegments: flag,
  scitokensCppCompat: flag,
  validators: recordOf(oneOrMore(callable<ClaimValidator>())),
  revocation: readRevocation,
  cache: (value, name) => (value === false ? value : readOptions(value, CACHE_READERS, name)),
  chains: (value, name) => (typeof value === 'boolean' ? value : readOptions(value, CHAIN_READERS, name)),
  dangerouslyAllowLoopbackHttp: flag,
}

function readIssuers(value: unknown, name: string): EnforcerOptions['issuers'] {
  if (typeof value === 'string' || Array.isArray(value)) return names(value, name)
  return recordOf(nested<IssuerOptions>(ISSUER_READERS))(value, name)
}

/** A key source is used as it is; documents by issuer are judged where they are read. */
function readKeys(value: unknown, name: string): EnforcerOptions['keys'] {
  if (typeof value !== 'object' || value === null) throw wrong(name, 'a key source, or JWKS documents by issuer', value)
  return 'getKeySet' in value ? value : recordOf(anything)(value, name)
}

/** A number above zero that is no zero however it is rounded. */
function aboveZero(unit: string): Reader<number> {
  const read = number(0, Number.MAX_SAFE_INTEGER, unit)
  return (value, name) => {
    if (read(value, name) > 0) return value as number
    throw wrong(name, `a number of ${unit} above zero`, value)
  }
}
