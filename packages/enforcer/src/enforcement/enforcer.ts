import { InvalidRequestError, type RequestPathOptions, SciToken, TokenNotAcceptableError } from '@scitokens/core'
import { having, type OptionReaders, readOptions } from '@scitokens/core/internal'
import { type Configuration, readConfiguration } from './configuration.ts'
import { type Decision, type Refused, refused } from '../decision/decision.ts'
import { asSciTokenError } from '../decision/fault.ts'
import type { EnforcerOptions } from './enforcer-options.ts'
import { admit, judgeClaims, judgeToken, type Verdict } from './token-judge.ts'
import {
  type AuthorizationQuestion,
  type OperationQuestion,
  readOperationQuestion,
  readQuestion,
} from '../decision/question.ts'
import { type AclEntry, ValidatedToken } from '../decision/validated-token.ts'
import { VerdictCache } from '../verdicts/verdict-cache.ts'

/** Options of one call. */
export interface CallOptions {
  /** Ends this caller's wait with `aborted`. */
  readonly signal?: AbortSignal
}

const CALL_READERS: OptionReaders<CallOptions> = { signal: having<AbortSignal>('throwIfAborted', 'an AbortSignal') }

/**
 * Answers "does this token allow this request here?". One object serves all requests at once; nothing is kept between calls but
 * verdicts that are still true.
 */
export class Enforcer {
  #configuration: Configuration
  readonly #cache: VerdictCache<Verdict> | undefined
  #lastFailure: Refused<ValidatedToken> | undefined

  /** Reads the options; nothing is asked of anybody yet. Throws `config_error`, `insecure_url`. */
  constructor(options: EnforcerOptions) {
    this.#configuration = readConfiguration(options)
    const { cache } = this.#configuration
    this.#cache = cache === false ? undefined : new VerdictCache(cache)
  }

  /**
   * Verifies, validates and enforces in one call: the token, if it allows this. Whoever does not catch has refused.
   *
   * Throws a {@link SciTokenError} of any family: `scope_denied` where the token does not allow it, what refuses the token, and
   * what keeps it from being judged.
   */
  async authorize(serialized: string, question: AuthorizationQuestion & CallOptions): Promise<ValidatedToken> {
    return tokenOf(await this.decide(serialized, question))
  }

  /** As {@link authorize}, for what a storage service does. */
  async authorizeOperation(serialized: string, question: OperationQuestion & CallOptions): Promise<ValidatedToken> {
    return tokenOf(await this.decideOperation(serialized, question))
  }

  /**
   * Verifies, validates and enforces in one call, and tells the answer: look at its `allowed`. Never throws for anything that a
   * token, a request or an issuer can cause: the decision's `family` tells whose turn it is.
   */
  async decide(serialized: string, question: AuthorizationQuestion & CallOptions): Promise<Decision<ValidatedToken>> {
    const configuration = this.#configuration
    try {
      // The question comes first: what makes no sense is not worth a signature check.
      const asked = readQuestion(question, configuration)
      const token = judgeToken(serialized, configuration, this.#cache, question.signal)
      return (token instanceof Promise ? await token : token).judge(asked)
    } catch (error) {
      return refused(asSciTokenError(error, 'the enforcer failed'))
    }
  }

  /** As {@link decide}, for what a storage service does. */
  async decideOperation(
    serialized: string,
    question: OperationQuestion & CallOptions,
  ): Promise<Decision<ValidatedToken>> {
    const configuration = this.#configuration
    try {
      const asked = readOperationQuestion(question, configuration)
      const token = judgeToken(serialized, configuration, this.#cache, question.signal)
      return (token instanceof Promise ? await token : token).judgeOperation(asked)
    } catch (error) {
      return refused(asSciTokenError(error, 'the enforcer failed'))
    }
  }

  /**
   * Verifies and validates a token. The result answers further questions without waiting.
   *
   * Throws {@link SciTokenError} of the families `not_acceptable`, `undecided` and `config`.
   */
  async validate(serialized: string, options?: CallOptions): Promise<ValidatedToken> {
    return this.validateSoon(serialized, options)
  }

  /** As {@link validate}, at once for a token that is known: a promise only where something has to be waited for. */
  validateSoon(serialized: string, options?: CallOptions): ValidatedToken | Promise<ValidatedToken> {
    const signal = options && readOptions<CallOptions>(options, CALL_READERS).signal
    return judgeToken(serialized, this.#configuration, this.#cache, signal)
  }

  /**
   * Puts other options in force, at once and as a whole; questions under way are answered under the old ones. The size of the
   * cache stays as it is, and what it holds is void. Throws `config_error` and changes nothing where the options are wrong.
   */
  reconfigure(options: EnforcerOptions): void {
    this.#configuration = readConfiguration(options)
    this.#cache?.clear()
  }

  /**
   * Whether a token that was verified before allows this: by {@link validate}, or by `SciToken.deserialize`. At once, without
   * waiting; never throws. {@link lastFailure} tells why not.
   */
  test(token: SciToken | ValidatedToken, authz: string, path?: string, options?: RequestPathOptions): boolean {
    const decision = this.#testDecision(token, { authz, ...(path !== undefined && { path }), ...options })
    this.#lastFailure = decision.allowed ? undefined : decision
    return decision.allowed
  }

  /** Why the last {@link test} said no; undefined after a yes. Read it before anything is awaited. */
  get lastFailure(): Refused<ValidatedToken> | undefined {
    return this.#lastFailure
  }

  /**
   * What a token grants here, as pairs, in the order of its claim. Throws what refuses the token.
   */
  generateAcls(token: SciToken | ValidatedToken): readonly AclEntry[] {
    return this.#admit(token).acls()
  }

  #testDecision(token: SciToken | ValidatedToken, question: AuthorizationQuestion): Decision<ValidatedToken> {
    try {
      return this.#admit(token).decide(question)
    } catch (error) {
      return refused(asSciTokenError(error, 'the enforcer failed'))
    }
  }

  /** A verified token with all that this enforcer asks of tokens, where it can be asked without waiting. */
  #admit(token: SciToken | ValidatedToken): ValidatedToken {
    const { issuers, algorithms, chains } = this.#configuration
    if (token instanceof ValidatedToken && token.isUnder(issuers.get(token.issuer))) return token
    const verified =
      token instanceof ValidatedToken ? token.verified : token instanceof SciToken ? token.verified : undefined
    if (!verified) throw new InvalidRequestError('invalid_request', 'only a verified token can be tested')
    if (!issuers.has(verified.issuer) || !(algorithms as readonly unknown[]).includes(verified.header['alg'])) {
      throw new TokenNotAcceptableError('untrusted_issuer', 'the token was verified under other rules than these', {
        issuer: verified.issuer,
      })
    }
    if (verified.links && chains === false) {
      throw new TokenNotAcceptableError('chain_not_accepted', 'token chains are not accepted here')
    }
    const admitted = admit(judgeClaims(verified, this.#configuration), this.#configuration)
    if (!(admitted instanceof Promise)) return admitted
    admitted.catch(() => {})
    throw new InvalidRequestError(
      'invalid_request',
      'a validator or the revocation hook has to be waited for: use validate() first',
    )
  }
}

function tokenOf(decision: Decision<ValidatedToken>): ValidatedToken {
  if (decision.allowed) return decision.token
  throw decision.error
}
