/**
 * What a program reads from where it runs, and libraries do not: settings of the site, a bearer token, proxies; and a log that holds
 * no tokens. Importing it reads nothing and changes nothing.
 *
 * @packageDocumentation
 */
export { discoverToken, type DiscoveredToken, type DiscoverOptions } from './discover-token.ts'
export { openLog, type Log, type LogOptions } from './log.ts'
export { proxiesFromEnvironment } from './proxies.ts'
export { type Config, type ConfigOptions, type ConfigValues, readConfig } from './settings/config.ts'
export { type KeyCacheSettings, keyCacheSettings } from './settings/key-cache-settings.ts'
export { getConfig, setConfig } from './settings/set-config.ts'
export { LOG_LEVELS, type LogLevel, type SettingName, type SettingValues } from './settings/settings.ts'
export type { Variables } from './variables.ts'
