// The settings that a site may make, by the names of the reference library (ini file) and of scitokens-cpp.
import type { Algorithm } from '@scitokens/core'
import { isAlgorithm } from '@scitokens/core/internal'

/** A level of the log, as the reference library spells it. */
export type LogLevel = 'CRITICAL' | 'ERROR' | 'WARNING' | 'INFO' | 'DEBUG'

/** All levels of the log, from the most to the least severe. */
export const LOG_LEVELS: readonly LogLevel[] = ['CRITICAL', 'ERROR', 'WARNING', 'INFO', 'DEBUG']

/** One setting: how its text is read, and what holds when nobody makes it. */
export interface Setting<T> {
  /** Reads text of a file or variable. Returns undefined for what makes no sense. */
  readonly read: (text: string) => T | undefined
  /** What a good value looks like, to end the sentence "must be …". */
  readonly expected: string
  /** The value where nobody makes the setting. */
  readonly fallback: T
}

const DECIMAL = /^\d{1,15}$/

function wholeNumber(fallback: number, least: number, unit: string): Setting<number> {
  return {
    read: (text) => (DECIMAL.test(text) && Number(text) >= least ? Number(text) : undefined),
    expected: `a whole number of ${unit}, ${least} or more`,
    fallback,
  }
}

/** No path has a NUL; and a relative one would mean another file in each working directory. */
function absolutePath(): Setting<string | undefined> {
  return {
    read: (text) => (text.startsWith('/') || /^[A-Za-z]:[\\/]/.test(text) ? text : undefined),
    expected: 'an absolute path',
    fallback: undefined,
  }
}

const logLevel: Setting<LogLevel> = {
  read: (text) => LOG_LEVELS.find((level) => level === text.toUpperCase()),
  expected: `one of ${LOG_LEVELS.join(', ')}`,
  fallback: 'WARNING',
}

const algorithm: Setting<Algorithm> = {
  read: (text) => (isAlgorithm(text) ? text : undefined),
  expected: 'an algorithm that this library signs with, such as ES256 or RS256',
  fallback: 'ES256',
}

const flag: Setting<boolean> = {
  read: (text) => ({ '0': false, false: false, '1': true, true: true })[text.toLowerCase()],
  expected: '0 or 1',
  fallback: false,
}

/** The values of all settings, by their names in a file. */
export interface SettingValues {
  /** What is less severe than this is not logged. Default: WARNING. */
  readonly log_level: LogLevel
  /** File of the log. Default: none, the log goes to standard error. */
  readonly log_file: string | undefined
  /** Least time for which keys are kept, in seconds. Default: 3600. */
  readonly cache_lifetime: number
  /** Directory of the key cache. Default: the key cache's own. */
  readonly cache_location: string | undefined
  /** Algorithm of new signing keys. Default: ES256. */
  readonly default_alg: Algorithm
  /** Seconds after which keys are fetched again. Default: 3600 (scitokens-cpp: 600). */
  readonly 'keycache.update_interval_s': number
  /** Seconds after which keys are no longer good. Default: 345 600. */
  readonly 'keycache.expiration_interval_s': number
  /** Directory of the key cache for scitokens-cpp; `cache_location` is stronger. Default: the key cache's own. */
  readonly 'keycache.cache_home': string | undefined
  /** Whether scitokens-cpp goes on without a file where none can be written. Default: false. */
  readonly 'keycache.allow_in_memory': boolean
  /** Milliseconds between two rounds in which scitokens-cpp refreshes keys in the background. Default: 60 000. */
  readonly 'keycache.refresh_interval_ms': number
  /** scitokens-cpp refreshes keys that expire within so many milliseconds. Default: 600 000. */
  readonly 'keycache.refresh_threshold_ms': number
  /** Certificates that issuers' servers are checked with. Default: the system's. */
  readonly 'tls.ca_file': string | undefined
  /** File in which scitokens-cpp counts what it did. Default: none. */
  readonly 'monitoring.file': string | undefined
  /** Seconds between two writes of that file. Default: 60. */
  readonly 'monitoring.file_interval_s': number
}

/** The name of a setting. */
export type SettingName = keyof SettingValues

/** Every setting by its name in a file; the variable is `SCITOKEN_CONFIG_` and the name, with `_` for `.`. */
export const SETTINGS: { readonly [Name in SettingName]: Setting<SettingValues[Name]> } = {
  log_level: logLevel,
  log_file: absolutePath(),
  cache_lifetime: wholeNumber(3600, 0, 'seconds'),
  cache_location: absolutePath(),
  default_alg: algorithm,
  'keycache.update_interval_s': wholeNumber(3600, 1, 'seconds'),
  'keycache.expiration_interval_s': wholeNumber(345_600, 1, 'seconds'),
  'keycache.cache_home': absolutePath(),
  'keycache.allow_in_memory': flag,
  'keycache.refresh_interval_ms': wholeNumber(60_000, 1, 'milliseconds'),
  'keycache.refresh_threshold_ms': wholeNumber(600_000, 1, 'milliseconds'),
  'tls.ca_file': absolutePath(),
  'monitoring.file': absolutePath(),
  'monitoring.file_interval_s': wholeNumber(60, 1, 'seconds'),
}

/** Whether a file may set this. */
export function isSettingName(name: string): name is SettingName {
  return Object.hasOwn(SETTINGS, name)
}
