import { type FileHandle, open } from 'node:fs/promises'
import type { Logger } from './types.ts'

/** What happened, for whoever investigates later. No token and no secret, only identifiers. */
export interface AuditEvent {
  /** Seconds since the epoch. */
  readonly time: number
  readonly event:
    | 'token_issued'
    | 'token_refused'
    | 'refresh_reuse'
    | 'token_revoked'
    | 'client_registered'
    | 'client_changed'
    | 'client_removed'
    | 'device_approved'
    | 'device_denied'
    | 'consent_given'
    | 'consent_denied'
    | 'login'
    | 'keys_rotated'
    | 'config_reloaded'
  readonly issuer: string
  readonly client?: string
  readonly subject?: string
  readonly grant?: string
  readonly jti?: string
  /** `jti` of the token it was derived from. */
  readonly parent?: string
  /** The refresh family: all tokens of one login or delegation share it. */
  readonly family?: string
  readonly scope?: string
  readonly audience?: readonly string[]
  /** Seconds since the epoch. */
  readonly expiresAt?: number
  readonly kid?: string
  readonly address?: string
  readonly error?: string
  readonly detail?: string
}

/** Where audit lines go. A token leaves only after its line was accepted. */
export interface AuditSink {
  write(event: AuditEvent): void | Promise<void>
  /** Opens what is written to anew, after it was renamed. */
  reopen?(): Promise<void>
  close?(): Promise<void>
}

/** Hands lines to a logger: the default, good for a start. */
export class LoggerAudit implements AuditSink {
  readonly #logger: Logger

  constructor(logger: Logger) {
    this.#logger = logger
  }

  write(event: AuditEvent): void {
    this.#logger.info({ audit: event }, event.event)
  }
}

/** Keeps lines in memory, for tests and demonstrations. */
export class MemoryAudit implements AuditSink {
  readonly events: AuditEvent[] = []

  write(event: AuditEvent): void {
    this.events.push(event)
  }
}

/**
 * Appends JSON lines to a file (created 0600). Lines that arrive while one write is under way share the next, so that the
 * disk does not set the pace; each `write` ends when its line is with the operating system, or on the disk with `sync`.
 */
export class FileAudit implements AuditSink {
  readonly #path: string
  readonly #sync: boolean
  #file: FileHandle
  #lines: string[] = []
  #next: Promise<void> | undefined
  #running: Promise<void> = Promise.resolve()

  private constructor(path: string, file: FileHandle, sync: boolean) {
    this.#path = path
    this.#file = file
    this.#sync = sync
  }

  /** @param options - `sync`: wait for the disk itself (default: false). */
  static async open(path: string, options: { sync?: boolean } = {}): Promise<FileAudit> {
    return new FileAudit(path, await open(path, 'a', 0o600), options.sync ?? false)
  }

  write(event: AuditEvent): Promise<void> {
    this.#lines.push(`${JSON.stringify(event)}\n`)
    this.#next ??= this.#enqueue()
    return this.#next
  }

  /** Goes on in a new file of the same name: what rotates logs has renamed the old one. Fails where it cannot be made. */
  async reopen(): Promise<void> {
    const file = await open(this.#path, 'a', 0o600)
    const swap = async (): Promise<void> => {
      const old = this.#file
      this.#file = file
      await old.close()
    }
    // Between two writes, so that no line is torn and none goes to a file that is closed.
    const swapped = this.#running.then(swap, swap)
    this.#running = swapped
    await swapped
  }

  async close(): Promise<void> {
    await this.#next
    await this.#running
    await this.#file.close()
  }

  #enqueue(): Promise<void> {
    // A line that could not be written fails its own token, not those after it.
    const write = this.#running.then(
      () => this.#flush(),
      () => this.#flush(),
    )
    this.#running = write
    return write
  }

  async #flush(): Promise<void> {
    const text = this.#lines.join('')
    this.#lines = []
    this.#next = undefined
    await this.#file.appendFile(text)
    if (this.#sync) await this.#file.datasync()
  }
}
