/**
 * Helpers that need Node: bearer token discovery, the configuration of the reference library, and a log that holds no tokens.
 * Importing it reads nothing and changes nothing.
 *
 * @packageDocumentation
 */
export { type Config, type ConfigOptions, type ConfigValues, readConfig } from './settings/config.ts'
export { discoverToken, type DiscoveredToken, type DiscoverOptions } from './bearer-token/discover-token.ts'
export { createLogger, type Logger, type LoggerOptions } from './log/logger.ts'
export { redactLine } from '../../core/src/text/redact.ts'
export { getConfig, setConfig } from './settings/set-config.ts'
export { LOG_LEVELS, type LogLevel } from './settings/settings.ts'
