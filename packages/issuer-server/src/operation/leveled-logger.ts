import type { Logger } from '@scitokens/core/internal'

/** How much the log says. */
export type LogLevel = 'debug' | 'info' | 'warn' | 'error'

const RANK: Readonly<Record<LogLevel, number>> = { debug: 0, info: 1, warn: 2, error: 3 }

/** A logger that leaves out what is below a level; the level may change. */
export class LeveledLogger implements Logger {
  level: LogLevel
  readonly #logger: Logger

  constructor(logger: Logger, level: LogLevel = 'info') {
    this.#logger = logger
    this.level = level
  }

  info(details: object, message: string): void {
    if (RANK[this.level] <= RANK.info) this.#logger.info(details, message)
  }

  warn(details: object, message: string): void {
    if (RANK[this.level] <= RANK.warn) this.#logger.warn(details, message)
  }

  error(details: object, message: string): void {
    this.#logger.error(details, message)
  }
}
