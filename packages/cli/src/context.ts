import type { Clock } from '@scitokens/core'

/** A stream the program writes to. */
export interface TextSink {
  write(text: string): unknown
  readonly isTTY?: boolean
  readonly columns?: number
}

/** What the program takes from the process around it. Only `bin.ts` makes one from the real process. */
export interface CliContext {
  readonly env: Readonly<Record<string, string | undefined>>
  /** File descriptor of standard input; read only when a token or document is expected from it. */
  readonly stdinFd: number
  readonly stdout: TextSink
  readonly stderr: TextSink
  readonly clock: Clock
  /** Ends long work when the user presses Ctrl-C or the service manager says so. */
  readonly signal: AbortSignal
  /** Calls back whenever the service manager asks for the configuration to be read again (SIGHUP); without a call the signal ends the process. */
  readonly onHangup?: (listener: () => void) => void
}
