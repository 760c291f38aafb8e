import { basename, dirname } from 'node:path'
import { ConfigError } from '@scitokens/core'
import {
  choice,
  type Logger,
  type OptionReaders,
  quote,
  readOptions,
  redactLine,
  text,
  whole,
} from '@scitokens/core/internal'
import { LOG_LEVELS, type LogLevel } from './settings/settings.ts'

/**
 * A log with the levels of the reference library. Each line is a JSON object with `time` (ISO 8601), `level` and `msg`. It is a
 * logger as the libraries of this project take them.
 */
export interface Log extends Logger {
  /** Level CRITICAL: nothing goes on. */
  critical(details: object, message: string): void
  /** Level DEBUG: how it is done. */
  debug(details: object, message: string): void
  /** Writes what is left and closes the file. */
  close(): Promise<void>
}

/** Options of {@link openLog}. */
export interface LogOptions {
  /** What is less severe is left out. Default: WARNING. */
  readonly level?: LogLevel
  /** File of the log, made with mode 0600. Default: none, lines go to standard error. */
  readonly file?: string | undefined
  /** Size at which the file is rotated, in megabytes. Default: 10. */
  readonly maxFileMegabytes?: number
  /** Rotated files that are kept. Default: 5. */
  readonly maxFiles?: number
}

const READERS: OptionReaders<LogOptions> = {
  level: choice(...LOG_LEVELS),
  file: text,
  maxFileMegabytes: whole(1, 1_000_000, 'megabytes'),
  maxFiles: whole(1, 1_000_000, 'files'),
}

const PINO_LEVELS = {
  CRITICAL: 'fatal',
  ERROR: 'error',
  WARNING: 'warn',
  INFO: 'info',
  DEBUG: 'debug',
} as const satisfies Readonly<Record<LogLevel, string>>

const LEVEL_NAMES: Readonly<Record<string, LogLevel>> = Object.fromEntries(
  Object.entries(PINO_LEVELS).map(([name, label]) => [label, name as LogLevel]),
)

/**
 * Opens a log: pino, with the file rotated by size. Whatever is logged is redacted as a whole line, so no message, detail or error can
 * take a token past it.
 *
 * Throws `config_error` for options that make no sense, and when the file cannot be opened.
 */
export async function openLog(given: LogOptions = {}): Promise<Log> {
  const { level = 'WARNING', file, ...rotation } = readOptions<LogOptions>(given, READERS)
  // Loaded when a log is wanted: importing this module stays cheap.
  const { pino } = await import('pino')
  const destination = file === undefined ? pino.destination(2) : await openLogFile(file, rotation)
  const log = pino(
    {
      level: PINO_LEVELS[level],
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: LEVEL_NAMES[label] ?? label }) },
      hooks: { streamWrite: redactLine },
    },
    destination,
  )
  const write =
    (name: LogLevel) =>
    (details: object, message: string): void =>
      log[PINO_LEVELS[name]](details, message)
  return {
    critical: write('CRITICAL'),
    error: write('ERROR'),
    warn: write('WARNING'),
    info: write('INFO'),
    debug: write('DEBUG'),
    close: async () => {
      if (file === undefined) return
      const { promise, resolve } = Promise.withResolvers<void>()
      destination.end(resolve)
      await promise
    },
  }
}

async function openLogFile(
  file: string,
  { maxFileMegabytes = 10, maxFiles = 5 }: LogOptions,
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
    throw new ConfigError('config_error', `the log file ${quote(file)} cannot be opened (${code ?? 'unknown error'})`)
  }
  // A full disk must not end the program that writes about it.
  stream.on('error', () => {})
  return stream
}
