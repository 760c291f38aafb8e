/**
 * Helpers that need Node: bearer token discovery, the configuration of the reference library, and a log that holds no tokens.
 * Importing it reads nothing and changes nothing.
 *
 * @packageDocumentation
 */
export { type Config, type ConfigOptions, type ConfigValues, readConfig } from './config.ts'
export { discoverToken, type DiscoveredToken, type DiscoverOptions } from './discover-token.ts'
export { createLogger, type Logger, type LoggerOptions } from './logger.ts'
export { redactLine } from '../text/redact.ts'
export { getConfig, setConfig } from './set-config.ts'
export { LOG_LEVELS, type LogLevel } from './settings.ts'
