import { SciTokenError } from '@scitokens/core'

/**
 * What was thrown, as an error of this project. Anything else is a fault of this server, so it becomes `config_error`: neither the
 * token nor the request is to blame.
 *
 * @param what - what failed, for the message.
 */
export function asSciTokenError(thrown: unknown, what: string): SciTokenError {
  if (thrown instanceof SciTokenError) return thrown
  return new SciTokenError('config', 'config_error', what, { cause: thrown })
}
