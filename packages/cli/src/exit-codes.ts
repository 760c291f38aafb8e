import { SciTokenError } from '@scitokens/core'

/**
 * What the exit status of `scitokens` says to a script. "No" and "could not decide" never share a number: a cron job that
 * deletes what a token may not touch must not take an issuer's outage for a refusal.
 */
export const EXIT = {
  /** Yes: acceptable, allowed, done. */
  yes: 0,
  /** No: the token is not acceptable, or does not allow this. */
  no: 1,
  /** The command line, a file or the configuration is wrong; nothing was decided. */
  usage: 2,
  /** Could not decide: keys, an issuer, a daemon or a disk could not be had. */
  undecided: 3,
} as const

/** One of {@link EXIT}. */
export type ExitCode = (typeof EXIT)[keyof typeof EXIT]

/** The exit status for a failure. What nobody foresaw is "could not decide": never a yes, never a no. */
export function exitCodeFor(error: unknown): ExitCode {
  if (!(error instanceof SciTokenError)) return EXIT.undecided
  switch (error.family) {
    case 'not_acceptable':
    case 'not_allowed':
      return EXIT.no
    case 'invalid_request':
    case 'config':
      return EXIT.usage
    case 'undecided':
      return EXIT.undecided
  }
}
