import { randomUUID } from 'node:crypto'
import { redactSecrets, SciTokenError } from '@scitokens/core'
import { escapeHidden, given } from '@scitokens/core/internal'
import type { CliContext, TextSink } from './context.ts'

/** How results are written. */
export interface OutputOptions {
  /** One JSON document on standard output instead of text. */
  readonly json?: boolean
}

/** Colours used by the program, as SGR numbers. */
const STYLES = { bold: [1, 22], dim: [2, 22], red: [31, 39], green: [32, 39], yellow: [33, 39] } as const

/** Name of a text style. */
export type Style = keyof typeof STYLES

/**
 * Where a command's words go: the result to standard output, everything else to standard error, so that a script can
 * use the result as it is. Colours only on a terminal (and never under `NO_COLOR` or `TERM=dumb`).
 */
export class Output {
  readonly json: boolean
  readonly #stdout: TextSink
  readonly #stderr: TextSink
  readonly #plain: boolean
  /** Whether a line of {@link progress} is on the terminal. */
  #waiting = false

  constructor({ stdout, stderr, env }: Pick<CliContext, 'stdout' | 'stderr' | 'env'>, options: OutputOptions = {}) {
    this.json = options.json ?? false
    this.#stdout = stdout
    this.#stderr = stderr
    this.#plain = (env['NO_COLOR'] ?? '') !== '' || env['TERM'] === 'dumb'
  }

  /** Whether a person may be looking at standard error. */
  get interactive(): boolean {
    return this.#stderr.isTTY === true
  }

  /** Writes the result: `document` with `--json`, else the lines of `text`. */
  result(document: object, text: () => string): void {
    const body = this.json ? escapeHidden(JSON.stringify(document, undefined, 2)) : paint(text())
    if (body !== '') this.raw(body.endsWith('\n') ? body : `${body}\n`)
  }

  /** What a long-running command tells as it goes: a line of JSON on standard output with `--json`, else a note. */
  event(document: object, text: string): void {
    if (this.json) this.raw(`${redactSecrets(JSON.stringify(document))}\n`)
    else this.note(text)
  }

  /** Writes text to standard output as it is, whatever `--json` says: for documents that have a form of their own. */
  raw(text: string): void {
    this.#endLine()
    this.#stdout.write(text)
  }

  /** A line for a person, on standard error. */
  note(text: string): void {
    this.#endLine()
    this.#stderr.write(`${redactSecrets(paint(text))}\n`)
  }

  /** A line that asks for attention, on standard error. */
  warn(text: string): void {
    this.note(`${this.style('yellow', 'warning:', this.#stderr)} ${text}`)
  }

  /** A failure: one sentence on standard error, or an object with the stable code on standard output with `--json`. */
  failure(error: unknown): void {
    const message = redactSecrets(describe(error))
    if (!this.json) {
      this.#stderr.write(`${paint(`${this.style('red', 'scitokens:', this.#stderr)} ${message}`)}\n`)
      return
    }
    const known = error instanceof SciTokenError ? error : undefined
    const document = {
      ok: false,
      error: {
        code: known?.code ?? 'internal',
        family: known?.family ?? 'undecided',
        message,
        ...given({ claim: known?.claim, issuer: known?.issuer, retryAfterSeconds: known?.retryAfterSeconds }),
      },
    }
    this.#stdout.write(`${JSON.stringify(document, undefined, 2)}\n`)
  }

  /** Wraps text in a style when the stream (default: standard output) is a terminal. */
  style(style: Style, text: string, stream: TextSink = this.#stdout): string {
    if (this.#plain || stream.isTTY !== true) return text
    const [on, off] = STYLES[style]
    return `${MARK}${on}m${text}${MARK}${off}m`
  }

  /**
   * Tells a waiting person what is going on, once `work` has taken longer than a second: a line that counts the seconds and goes
   * away. Nobody waits where no terminal is, and cron would send the line by mail.
   */
  async progress<T>(what: string, work: Promise<T>): Promise<T> {
    if (!this.interactive) return work
    const started = performance.now()
    const timer = setInterval(() => {
      const seconds = Math.round((performance.now() - started) / 1000)
      this.#stderr.write(`\r\u001B[K${escapeHidden(what)} … ${seconds} s`)
      this.#waiting = true
    }, 1000)
    try {
      return await work
    } finally {
      clearInterval(timer)
      this.#endLine()
    }
  }

  /** Takes the line of {@link progress} away, before anything else is written. */
  #endLine(): void {
    if (this.#waiting) this.#stderr.write('\r\u001B[K')
    this.#waiting = false
  }
}

/** Stands for ESC [ in text that is yet to be cleaned of control characters; nobody outside can guess it. */
const MARK = `\uFDD0${randomUUID()}:`

/** Makes text safe for a terminal, but for the styles that this program put in. */
function paint(text: string): string {
  return escapeHidden(text).replaceAll(MARK, '\u001B[')
}

/** One sentence for a failure. A stack helps nobody at a shell, but an unforeseen failure must be reportable. */
function describe(error: unknown): string {
  if (error instanceof SciTokenError) return error.message
  if (isSystemError(error)) return describeSystemError(error)
  return error instanceof Error ? `unexpected failure: ${error.message}` : 'unexpected failure'
}

function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && typeof (error as NodeJS.ErrnoException).syscall === 'string'
}

const SYSTEM_ERRORS: Readonly<Record<string, string>> = {
  ENOENT: 'does not exist',
  EACCES: 'may not be accessed by this user',
  EPERM: 'may not be accessed by this user',
  EISDIR: 'is a directory',
  ENOTDIR: 'lies below something that is no directory',
  EEXIST: 'exists already',
  ENOSPC: 'could not be written: the disk is full',
  EDQUOT: 'could not be written: the quota is used up',
  EROFS: 'lies on a read-only file system',
  EADDRINUSE: 'is in use by another process',
  ELOOP: 'is a symbolic link, which is not followed',
}

/** One sentence for a failure of the operating system, with the file it concerns. */
export function describeSystemError(error: NodeJS.ErrnoException): string {
  const address = error as { address?: string; port?: number }
  const subject = error.path ?? (address.port === undefined ? address.address : `${address.address}:${address.port}`)
  const what = SYSTEM_ERRORS[error.code ?? ''] ?? `fails with ${error.code ?? 'an unknown error'} (${error.syscall})`
  return `${subject ?? error.syscall} ${what}`
}
