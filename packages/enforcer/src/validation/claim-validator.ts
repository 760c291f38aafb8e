// The judges of claims that a site adds.
import {
  type JsonObject,
  type JsonValue,
  type ProfileName,
  SciTokenError,
  TokenNotAcceptableError,
} from '@scitokens/core'
import { quote } from '@scitokens/core/internal'

/** What a {@link ClaimValidator} is told besides the value. */
export interface ClaimContext {
  /** The name of the claim. */
  readonly claim: string
  /** The token's `iss`. */
  readonly issuer: string
  /** Which rules the token follows. */
  readonly profile: ProfileName
  /** All claims, verified. */
  readonly claims: JsonObject
  /** The time of the question, in seconds since the epoch. */
  readonly now: number
}

/**
 * A judge of one claim: `false`, or a promise of it, or an exception refuses the token; only `true` accepts it. A
 * {@link SciTokenError} that it throws is passed on as it is.
 */
export type ClaimValidator = (value: JsonValue, context: ClaimContext) => boolean | Promise<boolean>

/** Options of {@link Validator.addValidator}. */
export interface ClaimValidatorOptions {
  /** The claim must be there. Default: false. */
  readonly critical?: boolean
  /** What the claim should be, for the refusal's sentence. */
  readonly expected?: string
}

/** A judge as the Validator keeps it. */
export interface Judge extends ClaimValidatorOptions {
  readonly validate: ClaimValidator
}

/** The verdict of one validator: nothing for a yes at once, else a promise. A refusal at once is thrown. */
export function ask({ validate, expected }: Judge, value: JsonValue, context: ClaimContext): readonly Promise<void>[] {
  const judge = (verdict: unknown, cause?: unknown): void => {
    if (verdict === true) return
    if (cause instanceof SciTokenError) throw cause
    const wanted = expected === undefined ? '' : `, expected ${expected}`
    throw new TokenNotAcceptableError(
      'invalid_claim',
      `the claim ${quote(context.claim)} is not accepted here${wanted}`,
      {
        reason: 'invalid',
        claim: context.claim,
        expected,
        actual: value,
        cause,
      },
    )
  }
  let verdict: unknown
  try {
    verdict = validate(value, context)
  } catch (error) {
    return [rejected(() => judge(false, error))]
  }
  if (verdict === true) return []
  if (verdict instanceof Promise) return [verdict.then(judge, (error: unknown) => judge(false, error))]
  return [rejected(() => judge(verdict))]
}

async function rejected(refuse: () => void): Promise<void> {
  refuse()
}
