/**
 * What the libraries of this project log to. The order is that of pino and of Fastify, so theirs fit as they are: details first, and then
 * one sentence. Tokens, secrets and keys are never among the details; an error goes there as `err`.
 */
export interface Logger {
  /** What is done, for those who want to follow it. */
  info(details: object, message: string): void
  /** Something works, but an operator should have a look at it. */
  warn(details: object, message: string): void
  /** Something was not done. */
  error(details: object, message: string): void
}

/** A logger that says nothing: the default wherever a logger can be given. */
export const silentLogger: Logger = { info() {}, warn() {}, error() {} }
