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
 * @param env - default: `process.env`.
 */
export function setConfig(
  fileOrValues: string | ConfigValues = {},
  env: Readonly<Record<string, string | undefined>> = process.env,
): Config {
  current = readConfig(typeof fileOrValues === 'string' ? { file: fileOrValues, env } : { values: fileOrValues, env })
  return current
}

/** What was set last; before that, what the environment and the defaults say. */
export function getConfig(): Config {
  return current ?? readConfig({ env: process.env })
}
