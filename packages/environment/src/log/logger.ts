import { basename, dirname } from 'node:path'
import { ConfigError, quote } from '../../../core/src/errors.ts'
import { redactLine } from '../../../core/src/text/redact.ts'
import type { LogLevel } from '../settings/settings.ts'

/** A log with the levels of the reference library. Each line is a JSON object with `time` (ISO 8601), `level` and `msg`. */
export interface Logger {
  /** Level CRITICAL: nothing goes on. */
  critical(message: string, details?: object): void
  /** Level ERROR: something was not done. */
  error(message: string, details?: object): void
  /** Level WARNING: something needs a look. */
  warning(message: string, details?: object): void
  /** Level INFO: what is done. */
  info(message: string, details?: object): void
  /** Level DEBUG: how it is done. */
  debug(message: string, details?: object): void
  /** Writes what is left and closes the file. */
  close(): Promise<void>
}

/** Options of {@link createLogger}: a `Config` fits. */
export interface LoggerOptions {
  /** Default: WARNING. */
  readonly log_level?: LogLevel
  /** Made with mode 0600. Default: standard error. */
  readonly log_file?: string | undefined
  /** Size at which the file is rotated, in megabytes. Default: 10. */
  readonly maxFileMegabytes?: number
  /** Rotated files that are kept. Default: 5. */
  readonly maxFiles?: number
}

const PINO_LEVELS: Readonly<Record<LogLevel, string>> = {
  CRITICAL: 'fatal',
  ERROR: 'error',
  WARNING: 'warn',
  INFO: 'info',
  DEBUG: 'debug',
}

/**
 * Opens a log: pino, with the file rotated by size. Whatever is logged passes {@link redactLine} as a whole line, so no
 * message, detail or error can take a token past it.
 *
 * Throws `config_error` when the file cannot be opened.
 */
export async function createLogger(options: LoggerOptions = {}): Promise<Logger> {
  // Loaded when a log is wanted: importing this module stays cheap.
  const { pino } = await import('pino')
  const level = PINO_LEVELS[options.log_level ?? 'WARNING']
  const destination =
    options.log_file === undefined ? pino.destination(2) : await openLogFile(options.log_file, options)
  const log = pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: LEVEL_NAMES[label] ?? label }) },
      hooks: { streamWrite: redactLine },
    },
    destination,
  )
  const write =
    (pinoLevel: 'fatal' | 'error' | 'warn' | 'info' | 'debug') =>
    (message: string, details: object = {}): void =>
      log[pinoLevel](details, message)
  return {
    critical: write('fatal'),
    error: write('error'),
    warning: write('warn'),
    info: write('info'),
    debug: write('debug'),
    close: async () => {
      if (options.log_file === undefined) return
      const { promise, resolve } = Promise.withResolvers<void>()
      destination.end(resolve)
      await promise
    },
  }
}

const LEVEL_NAMES: Readonly<Record<string, LogLevel>> = Object.fromEntries(
  Object.entries(PINO_LEVELS).map(([name, label]) => [label, name as LogLevel]),
)

async function openLogFile(
  file: string,
  { maxFileMegabytes = 10, maxFiles = 5 }: LoggerOptions,
): Promise<import('rotating-file-stream').RotatingFileStream> {
  const { createStream } = await import('rotating-file-stream')
  const stream = createStream(basename(file), {
    path: dirname(file),
    size: `${maxFileMegabytes}M`,
    rotate: maxFiles, // x.log, x.log.1, x.log.2, as logrotate names them
    mode: 0o600,
  })
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  stream.once('open', () => resolve())
  stream.once('error', reject)
  try {
    await promise
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    throw new ConfigError(`the log file ${quote(file)} cannot be opened (${code ?? 'unknown error'})`)
  }
  // A full disk must not end the program that writes about it.
  stream.on('error', () => {})
  return stream
}
