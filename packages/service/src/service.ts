import type { Build, ReloadOutcome } from './backend/serving.ts'

/** A server from its start to its end. */
export interface Service {
  /**
   * Makes the server, listens, and says that it is ready. With workers, each of them makes one, and this process hands them its connections.
   *
   * Throws what making it throws; `config_error` and `undecided` where it cannot listen. Nothing is left open then.
   */
  serve(build: Build): Promise<void>
  /** Where it listens: `127.0.0.1:9180`, `[::1]:443`, `unix:/run/x.sock`. Empty before it does. */
  readonly addresses: readonly string[]
  /** Where health and metrics are, in the same form. */
  readonly operationsAddress: string | undefined
  /** Reads again what may have changed, one reload after the other. Never rejects: the outcome is logged and counted. */
  reload(): Promise<ReloadOutcome>
  /**
   * Ends it: `/readyz` says no, for `drainSeconds` it goes on serving, then no more connections are taken, what has begun is finished within
   * `stopSeconds`, and all is closed. A second call ends the waiting.
   */
  stop(): Promise<void>
  /** Resolves when it has ended. */
  readonly stopped: Promise<void>
}
