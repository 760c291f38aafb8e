import type { Variables } from '../variables.ts'
import { type Config, type ConfigValues, readConfig } from './config.ts'

let current: Config | undefined

/**
 * Sets the configuration of this process, as the reference library's `set_config` does, and returns what holds: argument before
 * `SCITOKEN_CONFIG_*` before file before default. The libraries do not look at it by themselves: hand its values to what you
 * make, or let the CLI do so.
 *
 * Throws `config_error`, naming file, line and key; then nothing has changed.
 *
 * @param fileOrValues - an ini file with a section `[scitokens]`, or settings by the names of that file. Default: neither.
 * @param env - where `SCITOKEN_CONFIG_*` is looked up. Default: `process.env`.
 */
export function setConfig(fileOrValues: string | ConfigValues = {}, env: Variables = process.env): Config {
  current = readConfig(typeof fileOrValues === 'string' ? { file: fileOrValues, env } : { values: fileOrValues, env })
  return current
}

/**
 * The configuration that {@link setConfig} set last in this process. Before it was called: what `SCITOKEN_CONFIG_*` and the defaults
 * say. Throws `config_error` as {@link setConfig}.
 */
export function getConfig(): Config {
  return current ?? readConfig({ env: process.env })
}
