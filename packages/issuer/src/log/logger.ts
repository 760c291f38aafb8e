export type { Clock } from '@scitokens/core'

/** Where the issuer says what went wrong. Tokens, secrets and keys are never among it. */
export interface Logger {
  info(details: object, message: string): void
  warn(details: object, message: string): void
  error(details: object, message: string): void
}

/** Says nothing. */
export const silentLogger: Logger = { info() {}, warn() {}, error() {} }
