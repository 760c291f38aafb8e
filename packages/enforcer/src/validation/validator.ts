import {
  type Clock,
  ConfigError,
  InvalidRequestError,
  type JsonObject,
  type ProfileName,
  SciToken,
  systemClock,
  TokenNotAcceptableError,
  type VerifiedToken,
} from '@scitokens/core'
import {
  callable,
  checkOwnAudiences,
  checkProfiles,
  choice,
  flag,
  listOf,
  type OptionReaders,
  own,
  profileRules,
  quote,
  readOptions,
  text,
} from '@scitokens/core/internal'
import { checkUnbound } from './bound-token.ts'
import { ask, type ClaimValidator, type ClaimValidatorOptions, type Judge } from './claim-validator.ts'
import {
  checkAudience,
  checkTimes,
  missing,
  readScopes,
  readStandardClaims,
  type ValidatedClaims,
} from './standard-claims.ts'
import { VALIDATION_READERS, type ValidationOptions } from './validation-options.ts'

/** Options of a {@link Validator}. */
export interface ValidatorOptions extends ValidationOptions {
  /** Claims that must be there besides those of the profile. */
  readonly criticalClaims?: readonly string[]
  /** What becomes of claims that nobody judges: refused, ignored, or as the profile says (1.0 refuses). Default: `profile`. */
  readonly unknownClaims?: 'profile' | 'refuse' | 'ignore'
}

const VALIDATOR_READERS: OptionReaders<ValidatorOptions> = {
  ...VALIDATION_READERS,
  criticalClaims: listOf(text, { empty: true }),
  unknownClaims: choice('profile', 'refuse', 'ignore'),
}

const JUDGE_READERS: OptionReaders<ClaimValidatorOptions> = { critical: flag, expected: text }

/** Times and types, the version, and identity: judged here in every profile. */
const JUDGED_HERE: ReadonlySet<string> = new Set([
  'iss',
  'sub',
  'jti',
  'exp',
  'nbf',
  'iat',
  'ver',
  'wlcg.ver',
  'scope',
  'opt',
])

/**
 * Judges whether each claim of a *verified* token is understood and holds here and now. Reusable and safe for concurrent use:
 * it keeps nothing of a token.
 *
 * Without any option it judges types, times and the syntax of the scope, and refuses an `aud` that no validator was added
 * for.
 */
export class Validator {
  /** Seconds of grace for `nbf` and `iat`. */
  readonly clockTolerance: number
  /** By which times are judged. */
  readonly clock: Clock
  readonly #profiles: readonly ProfileName[]
  readonly #audience: readonly string[] | undefined
  readonly #audienceKnown: boolean
  readonly #options: ValidatorOptions
  readonly #entries = new Map<string, Judge[]>()

  /** Reads the options. Throws `config_error` for those that make no sense. */
  constructor(options: ValidatorOptions = {}) {
    const read = readOptions<ValidatorOptions>(options, VALIDATOR_READERS)
    this.#options = read
    this.#profiles = checkProfiles(read.profiles ?? 'compat')
    this.clockTolerance = read.clockTolerance ?? 60
    this.clock = read.clock ?? systemClock
    const { audience, audienceCheck } = read
    if (audienceCheck === 'none' && audience !== undefined) {
      throw new ConfigError('config_error', 'an audience is given and audienceCheck is "none": it must be one of them')
    }
    const ours = typeof audience === 'string' ? [audience] : audience
    this.#audience = ours && checkOwnAudiences(ours)
    this.#audienceKnown = audience !== undefined || audienceCheck === 'none'
  }

  /** Adds a judge; a claim may have several, and all must say yes. Throws `config_error`. */
  addValidator(claim: string, validate: ClaimValidator, options: ClaimValidatorOptions = {}): this {
    if (typeof claim !== 'string' || claim === '')
      throw new ConfigError('config_error', 'a validator needs the name of its claim')
    const judge = callable<ClaimValidator>()(validate, `validators[${quote(claim)}]`)
    const entries = this.#entries.get(claim)
    const entry = { ...readOptions<ClaimValidatorOptions>(options, JUDGE_READERS), validate: judge }
    if (entries) entries.push(entry)
    else this.#entries.set(claim, [entry])
    return this
  }

  /** Whether own validators have been added. */
  get hasOwnValidators(): boolean {
    return this.#entries.size > 0
  }

  /**
   * Judges all claims. Throws `invalid_request` for a token that was not verified, and what refuses the token:
   * `profile_mismatch`, `missing_claim`, `invalid_claim`, `unknown_claim`, `expired`, `not_yet_valid`, `lifetime_too_long`,
   * `aud_mismatch`, `proof_missing`, `invalid_scope`.
   *
   * @param now - seconds since the epoch. Default: the clock.
   */
  async validate(token: SciToken | VerifiedToken, now: number = this.clock()): Promise<ValidatedClaims> {
    const verified = verifiedOf(token)
    const claims = this.readClaims(verified)
    checkTimes(claims, now, this.clockTolerance)
    await this.runOwnValidators(verified, now)
    return claims
  }

  /**
   * The part of the judgement that only depends on the token and the options: it may be kept. Times and own validators are
   * left out.
   *
   * @internal
   */
  readClaims(verified: VerifiedToken, audience: readonly string[] | undefined = this.#audience): ValidatedClaims {
    const { claims, profile, links } = verified
    if (!this.#profiles.includes(profile)) {
      throw new TokenNotAcceptableError('profile_mismatch', `tokens of the profile ${profile} are not accepted here`, {
        reason: 'mismatch',
        expected: this.#profiles,
        actual: profile,
      })
    }
    const {
      strict = false,
      maxLifetime,
      acceptAnyInV1 = false,
      acceptScp = false,
      acceptUriScopes = false,
    } = this.#options
    const standard = readStandardClaims(claims, profile, { strict, maxLifetime, links })
    this.#checkPresence(claims)
    checkUnbound(verified)
    checkAudience(standard.audience, audience, profile, acceptAnyInV1)
    this.#checkUnknownClaims(claims, profile)
    return { ...standard, profile, scope: readScopes(claims, profile, { acceptScp, acceptUriScopes }) }
  }

  /** Runs the validators that were added. Returns nothing where none of them has to be waited for. @internal */
  runOwnValidators(
    verified: Pick<VerifiedToken, 'claims' | 'issuer' | 'profile'>,
    now: number,
  ): Promise<void> | undefined {
    if (this.#entries.size === 0) return undefined
    const pending: Promise<void>[] = []
    for (const [claim, entries] of this.#entries) {
      const value = own(verified.claims, claim)
      if (value === undefined) continue
      const { claims, issuer, profile } = verified
      for (const entry of entries) pending.push(...ask(entry, value, { claim, issuer, profile, claims, now }))
    }
    return pending.length === 0 ? undefined : Promise.all(pending).then(() => undefined)
  }

  #checkPresence(claims: JsonObject): void {
    for (const name of this.#options.criticalClaims ?? []) if (own(claims, name) === undefined) throw missing(name)
    for (const [name, entries] of this.#entries) {
      if (entries.some((entry) => entry.critical) && own(claims, name) === undefined) throw missing(name)
    }
  }

  #checkUnknownClaims(claims: JsonObject, profile: ProfileName): void {
    const { unknownClaims = 'profile', acceptScp } = this.#options
    // Whom a token is meant for is never ignored by default, in any profile.
    if (!this.#audienceKnown && Object.hasOwn(claims, 'aud') && !this.#entries.has('aud')) throw unknown('aud')
    if (unknownClaims === 'ignore') return
    const known = profileRules(profile).knownClaims
    if (unknownClaims === 'profile' && known === undefined) return
    for (const name of Object.keys(claims)) {
      const judged =
        unknownClaims === 'refuse'
          ? JUDGED_HERE.has(name) || name === 'aud' || (name === 'scp' && acceptScp)
          : known!.includes(name)
      if (!judged && !this.#entries.has(name)) throw unknown(name)
    }
  }
}

function unknown(claim: string): TokenNotAcceptableError {
  return new TokenNotAcceptableError('unknown_claim', `nobody here judges the claim ${quote(claim)}`, {
    reason: 'unsupported',
    claim,
  })
}

function verifiedOf(token: SciToken | VerifiedToken): VerifiedToken {
  if (!(token instanceof SciToken)) return token
  if (token.verified) return token.verified
  throw new InvalidRequestError(
    'invalid_request',
    'the token was made here and never verified: its claims mean nothing yet',
  )
}
