import { given } from '../internal/given.ts'
import { InvalidRequestError, TokenNotAcceptableError } from '../errors.ts'

/** Runs a check of tokens on what is about to be signed: "not acceptable" is then the caller's mistake, with the same code. */
export function asInvalidRequest<T>(check: () => T): T {
  try {
    return check()
  } catch (error) {
    if (!(error instanceof TokenNotAcceptableError)) throw error
    const { message, claim, reason, code } = error
    throw new InvalidRequestError(code, message, given({ claim, reason }))
  }
}
