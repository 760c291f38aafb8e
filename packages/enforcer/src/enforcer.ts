import {
  checkQuestion,
  InvalidRequestError,
  parseRequestPath,
  SciToken,
  SciTokenError,
  TokenNotAcceptableError,
  type VerifiedToken,
  verifyToken,
} from '@scitokens/core'
import { type Configuration, readConfiguration } from './configuration.ts'
import { type Decision, type Refused, refused } from './decision.ts'
import type { EnforcerOptions } from './options.ts'
import { checkRevocation } from './revocation.ts'
import { type AclEntry, type AuthorizationQuestion, type OperationQuestion, ValidatedToken } from './validated-token.ts'

/** Options of one call. */
export interface CallOptions {
  /** Ends this caller's wait with `aborted`. */
  readonly signal?: AbortSignal
}

/**
 * Answers "does this token allow this request here?". One object serves all requests at once; nothing is kept between calls but
 * verdicts that are still true.
 */
export class Enforcer {
  readonly #configuration: Configuration
  #lastFailure: Refused | undefined

  /** Throws `config_error`, `insecure_url`. */
  constructor(options: EnforcerOptions) {
    this.#configuration = readConfiguration(options)
  }

  /**
   * Verifies, validates and enforces in one call. Never throws for anything that a token, a request or an issuer can cause: the
   * decision's `family` tells whose turn it is.
   */
  async authorize(serialized: string, { signal, ...question }: AuthorizationQuestion & CallOptions): Promise<Decision> {
    try {
      // The question comes first: what makes no sense is not worth a signature check.
      checkQuestion({
        authz: question.authz,
        path: question.path === undefined ? undefined : this.#parsePath(question),
      })
      return (await this.validate(serialized, signal ? { signal } : {})).decide(question)
    } catch (error) {
      return refused(asSciTokenError(error))
    }
  }

  /** As {@link authorize}, for what a storage service does. */
  async authorizeOperation(
    serialized: string,
    { signal, ...question }: OperationQuestion & CallOptions,
  ): Promise<Decision> {
    try {
      return (await this.validate(serialized, signal ? { signal } : {})).decideOperation(question)
    } catch (error) {
      return refused(asSciTokenError(error))
    }
  }

  /**
   * Verifies and validates a token. The result answers further questions without waiting.
   *
   * Throws {@link SciTokenError} of the families `not_acceptable`, `undecided` and `config`.
   */
  async validate(serialized: string, { signal }: CallOptions = {}): Promise<ValidatedToken> {
    const { keys, issuerNames, algorithms, requireKid, maxTokenLength, validator } = this.#configuration
    const verified = await verifyToken(serialized, {
      keys,
      issuers: issuerNames,
      algorithms,
      requireKid,
      maxLength: maxTokenLength,
      ...(signal && { signal }),
    })
    const token = this.#judgeClaims(verified)
    token.checkNow()
    const pending = [validator.runOwnValidators(verified, validator.clock()), this.#askRevocation(token)]
    await Promise.all(pending)
    return token
  }

  /**
   * Whether a token that was verified before allows this: by {@link validate}, or by `SciToken.deserialize`. At once, without
   * waiting; never throws. {@link lastFailure} tells why not.
   */
  test(token: SciToken | ValidatedToken, authz: string, path?: string): boolean {
    const decision = this.#testDecision(token, { authz, ...(path !== undefined && { path }) })
    this.#lastFailure = decision.allowed ? undefined : decision
    return decision.allowed
  }

  /** Why the last {@link test} said no; undefined after a yes. Read it before anything is awaited. */
  get lastFailure(): Refused | undefined {
    return this.#lastFailure
  }

  /**
   * What a token grants here, as pairs, in the order of its claim. Throws what refuses the token.
   */
  generateAcls(token: SciToken | ValidatedToken): readonly AclEntry[] {
    return this.#admit(token).acls()
  }

  #testDecision(token: SciToken | ValidatedToken, question: AuthorizationQuestion): Decision {
    try {
      return this.#admit(token).decide(question)
    } catch (error) {
      return refused(asSciTokenError(error))
    }
  }

  /** A verified token with all that this enforcer asks of tokens, where it can be asked without waiting. */
  #admit(token: SciToken | ValidatedToken): ValidatedToken {
    if (token instanceof ValidatedToken) return token
    const verified = token instanceof SciToken ? token.verified : undefined
    if (!verified) throw new InvalidRequestError('only a verified token can be tested')
    const { issuers, algorithms, validator } = this.#configuration
    if (!issuers.has(verified.issuer) || !(algorithms as readonly unknown[]).includes(verified.header['alg'])) {
      throw new TokenNotAcceptableError('untrusted_issuer', 'the token was verified under other rules than these', {
        issuer: verified.issuer,
      })
    }
    const validated = this.#judgeClaims(verified)
    validated.checkNow()
    const pending = [validator.runOwnValidators(verified, validator.clock()), this.#askRevocation(validated)]
    if (pending.every((entry) => entry === undefined)) return validated
    for (const entry of pending) entry?.catch(() => {})
    throw new InvalidRequestError('a validator or the revocation hook has to be waited for: use validate() first')
  }

  #judgeClaims(verified: VerifiedToken): ValidatedToken {
    const { issuers, validator } = this.#configuration
    const jurisdiction = issuers.get(verified.issuer)!
    const claims = validator.readClaims(verified, jurisdiction.rules.audience)
    return new ValidatedToken(verified, claims, jurisdiction)
  }

  #askRevocation({ issuer, tokenId, subject, claims }: ValidatedToken): Promise<void> | undefined {
    const { revocation } = this.#configuration
    return revocation && checkRevocation(revocation, { issuer, tokenId, subject, claims })
  }

  #parsePath({ path, authz: _, ...how }: AuthorizationQuestion): ReturnType<typeof parseRequestPath> {
    return parseRequestPath(path!, { rejectDotSegments: this.#configuration.rejectDotSegments, ...how })
  }
}

/** What is none of ours is a fault here, never "bad token". */
function asSciTokenError(error: unknown): SciTokenError {
  if (error instanceof SciTokenError) return error
  return new SciTokenError('config', 'config_error', 'the enforcer failed', { cause: error })
}
