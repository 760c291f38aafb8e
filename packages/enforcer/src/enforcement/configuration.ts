import {
  type Algorithm,
  ConfigError,
  coversPath,
  type KeySource,
  parseScopePath,
  type Path,
  StaticKeys,
} from '@scitokens/core'
import {
  checkAlgorithms,
  checkIssuerIdentifier,
  DEFAULT_ALGORITHMS,
  DEFAULT_MAX_TOKEN_LENGTH,
  quote,
  readOptions,
  withoutTrailingSlash,
} from '@scitokens/core/internal'
import type { IssuerOptions } from '../issuers/issuer-options.ts'
import { issuerRules, type Jurisdiction } from '../issuers/issuer-rules.ts'
import { ENFORCER_READERS, type EnforcerOptions } from './enforcer-options.ts'
import type { Revocation } from '../validation/revocation.ts'
import { VALIDATION_READERS, type ValidationOptions } from '../validation/validation-options.ts'
import { Validator } from '../validation/validator.ts'

/** An enforcer's options, checked and copied: what the caller changes afterwards has no effect. */
export interface Configuration {
  readonly issuers: ReadonlyMap<string, Jurisdiction>
  readonly issuerNames: readonly string[]
  readonly keys: KeySource
  readonly algorithms: readonly Algorithm[]
  readonly requireKid: boolean
  readonly chains: NonNullable<EnforcerOptions['chains']>
  readonly maxTokenLength: number
  readonly validator: Validator
  readonly revocation: Revocation | undefined
  readonly rejectDotSegments: boolean
  readonly cache: EnforcerOptions['cache']
}

/** Checks an enforcer's options. Throws `config_error`, `insecure_url`. */
export function readConfiguration(given: EnforcerOptions): Configuration {
  const options = readOptions<EnforcerOptions>(given, ENFORCER_READERS)
  const listed = issuersOf(options)
  const validator = validatorOf(options, listed)
  const { rejectDotSegments = false, scitokensCppCompat = false, maxTokenLength = DEFAULT_MAX_TOKEN_LENGTH } = options
  const issuers = new Map<string, Jurisdiction>()
  for (const [issuer, own] of listed) {
    checkIssuerIdentifier(issuer, options)
    const rules = issuerRules(issuer, own, options.basePath)
    const { clock, clockTolerance } = validator
    issuers.set(issuer, { rules, clock, clockTolerance, rejectDotSegments, scitokensCppCompat })
  }
  checkSharing(issuers, options)
  return {
    issuers,
    issuerNames: [...issuers.keys()],
    keys: keySourceOf(options),
    algorithms: options.algorithms === undefined ? DEFAULT_ALGORITHMS : [...checkAlgorithms(options.algorithms)],
    requireKid: options.requireKid ?? false,
    chains: options.chains ?? false,
    maxTokenLength,
    validator,
    revocation: options.revocation,
    rejectDotSegments,
    cache: options.cache,
  }
}

function issuersOf({ issuers }: EnforcerOptions): readonly (readonly [string, IssuerOptions])[] {
  const record = typeof issuers === 'string' ? { [issuers]: {} } : isList(issuers) ? asRecord(issuers) : issuers
  const listed = Object.entries<IssuerOptions>(record ?? {})
  if (listed.length === 0) throw new ConfigError('config_error', 'no issuer is trusted: name at least one')
  return listed
}

function validatorOf(options: EnforcerOptions, listed: readonly (readonly [string, IssuerOptions])[]): Validator {
  const everyIssuerHasItsOwn = listed.every(([, own]) => own.audience !== undefined)
  if (options.audience === undefined && options.audienceCheck === undefined && !everyIssuerHasItsOwn) {
    throw new ConfigError('config_error', 'no audience is configured: name this server, or say audienceCheck "none"')
  }
  // The bare validator's word for "each issuer has its own".
  const { audience, audienceCheck, ...rest } = validationPart(options)
  const validator = new Validator({
    ...rest,
    ...(audience !== undefined && { audience }),
    ...(audienceCheck !== undefined || audience === undefined ? { audienceCheck: audienceCheck ?? 'none' } : {}),
  })
  for (const [claim, judges] of Object.entries(options.validators ?? {})) {
    for (const judge of typeof judges === 'function' ? [judges] : judges) validator.addValidator(claim, judge)
  }
  return validator
}

function validationPart(options: EnforcerOptions): ValidationOptions {
  const isPart = ([name]: readonly [string, unknown]): boolean => Object.hasOwn(VALIDATION_READERS, name)
  return Object.fromEntries(Object.entries(options).filter(isPart))
}

function isList(issuers: EnforcerOptions['issuers']): issuers is readonly string[] {
  return Array.isArray(issuers)
}

function asRecord(issuers: readonly string[]): Readonly<Record<string, IssuerOptions>> {
  return Object.fromEntries(issuers.map((issuer) => [issuer, {}]))
}

function keySourceOf({ keys, acceptPaddedKeys = false }: EnforcerOptions): KeySource {
  if (keys === undefined)
    throw new ConfigError('config_error', 'an enforcer needs keys: a key source, or JWKS documents')
  if (typeof (keys as Partial<KeySource>).getKeySet !== 'function') {
    return new StaticKeys(keys as Readonly<Record<string, unknown>>, { acceptPaddedKeys })
  }
  if (acceptPaddedKeys)
    throw new ConfigError('config_error', 'acceptPaddedKeys is for JWKS documents: set it where the key source is made')
  return keys as KeySource
}

/** Two issuers that reach the same path speak for each other's users: never by accident. */
function checkSharing(issuers: ReadonlyMap<string, Jurisdiction>, options: EnforcerOptions): void {
  const shared = (options.sharedBasePaths ?? []).map((text) => withoutTrailingSlash(parseShared(text)))
  const areas = [...issuers].flatMap(([issuer, { rules }]) => rules.basePaths.map((path) => ({ issuer, path })))
  for (const [index, one] of areas.entries()) {
    for (const other of areas.slice(index + 1)) {
      const common = coversPath(one.path, other.path)
        ? other.path
        : coversPath(other.path, one.path)
          ? one.path
          : undefined
      if (common === undefined || one.issuer === other.issuer || shared.some((path) => coversPath(path, common)))
        continue
      throw new ConfigError(
        'config_error',
        `the issuers ${quote(one.issuer)} and ${quote(other.issuer)} share the base path ${quote(common)}: ` +
          'give each its own, or name it in sharedBasePaths',
        { issuer: other.issuer },
      )
    }
  }
}

function parseShared(text: string): Path {
  try {
    return parseScopePath(text)
  } catch (cause) {
    throw new ConfigError('config_error', `sharedBasePaths: ${quote(text)} is no path`, { cause })
  }
}
