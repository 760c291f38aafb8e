import type { Logger } from '@scitokens/core/internal'

/** How much a logger says: this level, and all behind it in this order. */
export const LOG_LEVELS = ['debug', 'info', 'warn', 'error'] as const

/** One of {@link LOG_LEVELS}. */
export type LogLevel = (typeof LOG_LEVELS)[number]

/** A logger that leaves out what is below a level; the level may change while it is in use. */
export class LeveledLogger implements Logger {
  /** What is told: this level and those above it. May be set at any time. */
  level: LogLevel
  readonly #logger: Logger

  /** @param level - default: `info`. */
  constructor(logger: Logger, level: LogLevel = 'info') {
    this.#logger = logger
    this.level = level
  }

  /** Tells it unless the level is above `info`. */
  info(details: object, message: string): void {
    if (this.#tells('info')) this.#logger.info(details, message)
  }

  /** Tells it unless the level is above `warn`. */
  warn(details: object, message: string): void {
    if (this.#tells('warn')) this.#logger.warn(details, message)
  }

  /** Tells it in any case. */
  error(details: object, message: string): void {
    this.#logger.error(details, message)
  }

  #tells(level: LogLevel): boolean {
    return LOG_LEVELS.indexOf(level) >= LOG_LEVELS.indexOf(this.level)
  }
}
