import type { Socket } from 'node:net'
import type { Build, ReloadOutcome } from './serving.ts'

/** A reload, and which files it read: those are looked at from then on. */
export interface Reloaded extends ReloadOutcome {
  readonly files: readonly string[]
}

/** Who answers: this process, or its workers. */
export interface Backend {
  /** Makes the servers. Throws what making them throws. */
  start(build: Build): Promise<void>
  /** Files that a reload would read. */
  readonly files: readonly string[]
  /** Nothing is read of a connection before it is taken. */
  readonly takesPaused: boolean
  /** Takes a connection. */
  take(socket: Socket, isUnix: boolean): void
  /** Whether anybody is there. */
  isAlive(): boolean
  /** What keeps it from serving. */
  problems(): Promise<readonly string[]>
  /** Its metrics, in Prometheus' text format. */
  metrics(): Promise<string>
  /** Takes over what has changed, or nothing. Never rejects. */
  reload(): Promise<Reloaded>
  /** From now on each answer is the last of its connection. */
  leave(): void
  /**
   * Lets what has begun come to its end, for so many seconds, then ends it; closes everything.
   *
   * @param hurry - ends the waiting.
   */
  stop(seconds: number, hurry: AbortSignal): Promise<void>
}
