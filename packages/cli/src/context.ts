import type { Clock } from '@scitokens/core'
import type { SignalSource } from '@scitokens/service'

/** A stream the program writes to. */
export interface TextSink {
  /** Takes a piece of text, which ends where it ends: no line feed is added. */
  write(text: string): unknown
  /** Whether a person may be looking: colours and progress are shown there only. Default: false. */
  readonly isTTY?: boolean
  /** Width of the terminal in characters; undefined where it is no terminal. */
  readonly columns?: number
}

/** What the program takes from the process around it. Only `bin.ts` makes one from the real process. */
export interface CliContext {
  /** Environment variables of the process. */
  readonly env: Readonly<Record<string, string | undefined>>
  /** File descriptor of standard input; read only when a token or document is expected from it. */
  readonly stdinFd: number
  /** Where results go. */
  readonly stdout: TextSink
  /** Where everything else goes: notes, warnings, failures, progress. */
  readonly stderr: TextSink
  /** Tells the time to everything the program does, in seconds since the epoch. */
  readonly clock: Clock
  /** Ends long work when the user presses Ctrl-C or the service manager says so. */
  readonly signal: AbortSignal
  /** Signals of the process, for what runs until it is told to end. Default: `signal` ends it, and nothing is read again. */
  readonly signals?: SignalSource
}
