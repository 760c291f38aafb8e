import { closeSync, fstatSync, openSync, readSync, statSync, writeSync } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { redactSecrets, UndecidedError } from '@scitokens/core'
import { flag, type Logger, readOptions } from '@scitokens/core/internal'

/** What happened, for whoever investigates later. No token and no secret, only identifiers. */
export interface AuditEvent {
  /** Seconds since the epoch. */
  readonly time: number
  /** What happened. */
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
    | 'login_refused'
    | 'logins_ended'
    | 'person_suspended'
    | 'person_resumed'
    | 'keys_rotated'
    | 'config_reloaded'
  /** URL of the issuer: several may share a process. */
  readonly issuer: string
  /** The client, by its id. */
  readonly client?: string
  /** The person or client whom it is about, as `sub` names it. */
  readonly subject?: string
  /** The grant by which the token was asked for, as `grant_type` names it. */
  readonly grant?: string
  /** `jti` of the token. */
  readonly jti?: string
  /** `jti` of the token it was derived from. */
  readonly parent?: string
  /** The refresh family: all tokens of one login or delegation share it. */
  readonly family?: string
  /** `scope` of the token, items separated by spaces. */
  readonly scope?: string
  /** Whom the token is for. */
  readonly audience?: readonly string[]
  /** Seconds since the epoch. */
  readonly expiresAt?: number
  /** The key that signed the token. */
  readonly kid?: string
  /** Address of the client or browser, as the connection or a trusted proxy shows it. */
  readonly address?: string
  /** The error code that was answered. */
  readonly error?: string
  /** More words about it, for whoever investigates; tokens and keys are taken out of them. */
  readonly detail?: string
  /**
   * Of the certificate that was shown, that of a person, robot or host and not of a proxy: its fingerprint (SHA-256, hexadecimal). In a
   * refusal anybody may have made it, unless there is a `subject`.
   */
  readonly certificate?: string
  /** Name of its subject in one line, such as `/DC=org/CN=Ana`. */
  readonly certificateDn?: string
  /** Name of the authority that issued it, in one line. */
  readonly certificateIssuer?: string
  /** Its serial number, hexadecimal. */
  readonly certificateSerial?: string
}

/** Where audit lines go. A token leaves only after its line was accepted. */
export interface AuditSink {
  /** Takes a line. When it has ended the line is accepted; where it throws, what the line is about does not happen. */
  write(event: AuditEvent): void | Promise<void>
  /** Opens what is written to anew, after it was renamed. */
  reopen?(): Promise<void>
  /** Ends what is under way. Called once, when the issuer closes. */
  close?(): Promise<void>
}

/**
 * The sink as the issuer writes to it. What a client sends stands in some lines, in `detail` above all, and a client may send a token
 * in the wrong place: tokens and private keys are taken out of every text before the sink sees it.
 */
export function withoutSecrets(sink: AuditSink): AuditSink {
  return {
    write: (event) => sink.write(cleanEvent(event)),
    ...(sink.reopen && { reopen: () => sink.reopen!() }),
    ...(sink.close && { close: () => sink.close!() }),
  }
}

function cleanEvent(event: AuditEvent): AuditEvent {
  const entries = Object.entries(event).map(([name, value]: [string, unknown]) => [name, cleanValue(value)])
  return Object.fromEntries(entries)
}

function cleanValue(value: unknown): unknown {
  if (typeof value === 'string') return redactSecrets(value)
  return Array.isArray(value) ? value.map(cleanValue) : value
}

/** Hands lines to a logger: the default, good for a start. */
export class LoggerAudit implements AuditSink {
  readonly #logger: Logger

  constructor(logger: Logger) {
    this.#logger = logger
  }

  /** Hands the line to the logger, at the level `info`. */
  write(event: AuditEvent): void {
    this.#logger.info({ audit: event }, event.event)
  }
}

/** Keeps lines in memory, for tests and demonstrations. */
export class MemoryAudit implements AuditSink {
  /** Every line so far, in order. */
  readonly events: AuditEvent[] = []

  /** Keeps the line. */
  write(event: AuditEvent): void {
    this.events.push(event)
  }
}

/**
 * Appends JSON lines to a file (created 0600). When `write` has ended its line is with the operating system, and survives the end
 * of this process at any moment; with `sync` it is on the disk, and lines that arrive while the disk is at it share the next turn.
 *
 * `write` throws `undecided` where there is no room. A line that was torn that way, or by the end of a process, is ended first, so that
 * it spoils none after it.
 */
export class FileAudit implements AuditSink {
  readonly #path: string
  readonly #sync: boolean
  #file: FileHandle
  #torn: boolean
  #next: Promise<void> | undefined
  #running: Promise<void> = Promise.resolve()

  private constructor(path: string, file: FileHandle, torn: boolean, sync: boolean) {
    this.#path = path
    this.#file = file
    this.#torn = torn
    this.#sync = sync
  }

  /**
   * Opens the file, and makes it where it is missing. Fails with Node's own error where that cannot be done.
   *
   * @param options - `sync`: wait for the disk itself (default: false).
   */
  static async open(path: string, options: { readonly sync?: boolean } = {}): Promise<FileAudit> {
    const { sync = false } = readOptions<{ readonly sync?: boolean }>(options, { sync: flag })
    const file = await open(path, 'a', 0o600)
    return new FileAudit(path, file, endsAmidLine(path), sync)
  }

  /** Appends a line. Throws `undecided` where there is no room. */
  write(event: AuditEvent): void | Promise<void> {
    try {
      this.#append(Buffer.from(`${this.#torn ? '\n' : ''}${JSON.stringify(event)}\n`))
    } catch (cause) {
      throw unwritable(cause)
    }
    if (this.#sync) return (this.#next ??= this.#inTurn(() => this.#flush()))
  }

  /** Goes on in a new file of the same name: what rotates logs has renamed the old one. Fails where it cannot be made. */
  async reopen(): Promise<void> {
    const file = await open(this.#path, 'a', 0o600)
    await this.#inTurn(async () => {
      const old = this.#file
      this.#file = file
      this.#torn = false
      // Lines in it that wait for the disk are acknowledged by the next turn, which knows the new file only.
      if (this.#sync) await old.datasync()
      await old.close()
    })
  }

  /** Waits for lines under way, and closes the file. */
  async close(): Promise<void> {
    await this.#next
    await this.#running
    await this.#file.close()
  }

  /** Straight to the operating system: a tenth of what the way over the thread pool costs, and nothing can come in between. */
  #append(line: Buffer): void {
    let written = 0
    try {
      while (written < line.length) written += writeSync(this.#file.fd, line, written)
      this.#torn = false
    } catch (error) {
      this.#torn ||= written > 0
      throw error
    }
  }

  async #flush(): Promise<void> {
    this.#next = undefined
    try {
      await this.#file.datasync()
    } catch (cause) {
      throw unwritable(cause)
    }
  }

  /** After whatever is under way; a failure of that is not this one's. */
  #inTurn(work: () => Promise<void>): Promise<void> {
    const turn = this.#running.then(work, work)
    this.#running = turn
    return turn
  }
}

function unwritable(cause: unknown): UndecidedError {
  const code = (cause as NodeJS.ErrnoException).code ?? 'unknown'
  return new UndecidedError('undecided', `the audit file cannot be written just now (${code})`, {
    reason: 'unavailable',
    cause,
  })
}

/** Whether the last line of a file has no end. What cannot be read, such as a pipe, has none that matters. */
function endsAmidLine(path: string): boolean {
  let descriptor: number
  try {
    if (!statSync(path).isFile()) return false
    descriptor = openSync(path, 'r')
  } catch {
    return false
  }
  try {
    const { size } = fstatSync(descriptor)
    const last = Buffer.alloc(1)
    return size > 0 && readSync(descriptor, last, 0, 1, size - 1) === 1 && last[0] !== 0x0a
  } finally {
    closeSync(descriptor)
  }
}
