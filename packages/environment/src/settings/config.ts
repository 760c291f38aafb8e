import { ConfigError } from '@scitokens/core'
import { anything, type OptionReaders, quote, readOptions, text, unknownNameAdvice } from '@scitokens/core/internal'
import { readVariables, type Variables } from '../variables.ts'
import { readIniFile } from './ini-file.ts'
import { isSettingName, SETTINGS, type SettingName, type SettingValues } from './settings.ts'

/** Settings that a program makes itself, by their names in the ini file. */
export type ConfigValues = { readonly [Name in SettingName]?: SettingValues[Name] }

/** Options of {@link readConfig}. */
export interface ConfigOptions {
  /** What the program says. It is stronger than all others. */
  readonly values?: ConfigValues
  /** Where variables `SCITOKEN_CONFIG_*` are looked up: `process.env`, as a rule. They are stronger than the file. Default: none. */
  readonly env?: Variables
  /** Name of an ini file with a section `[scitokens]`. Only the defaults are weaker. Default: none. */
  readonly file?: string
}

const READERS: OptionReaders<ConfigOptions> = {
  // Judged one by one, as those of a file.
  values: anything as OptionReaders<ConfigOptions>['values'],
  env: readVariables,
  file: text,
}

/** The settings that hold, each with its value. */
export interface Config extends SettingValues {
  /** Names of variables that begin with `SCITOKEN_CONFIG_` and are no setting of ours. scitokens-cpp may know them. */
  readonly unknownVariables: readonly string[]
}

const PREFIX = 'SCITOKEN_CONFIG_'

/**
 * Works out what holds: argument before environment before file before default. Changes nothing. Variables may be written in
 * upper or lower case after the prefix, as for scitokens-cpp; an empty one counts as not set.
 *
 * Throws `config_error` for an unknown key and for a bad value, naming file, line and key, or the variable.
 */
export function readConfig(options: ConfigOptions = {}): Config {
  const { values = {}, env = {}, file } = readOptions<ConfigOptions>(options, READERS)
  const found: Partial<Record<SettingName, unknown>> = Object.fromEntries(
    Object.entries(SETTINGS).map(([name, { fallback }]) => [name, fallback]),
  )
  for (const { key, value, line } of file === undefined ? [] : readIniFile(file)) {
    const where = `${quote(file)}, line ${line}`
    if (!isSettingName(key)) throw new ConfigError('config_error', `${where}: ${noSetting(key)}`)
    // The reference library takes an empty value for an absent one.
    if (value !== '') found[key] = readValue(key, value, `${where}: ${key}`)
  }
  const { settings, unknownVariables } = readEnvironment(env)
  Object.assign(found, settings)
  for (const [key, value] of Object.entries(values)) {
    if (!isSettingName(key)) throw new ConfigError('config_error', noSetting(key))
    if (value !== undefined) found[key] = readValue(key, asText(value), key)
  }
  return { ...(found as SettingValues), unknownVariables }
}

function noSetting(key: string): string {
  return `${quote(key)} is no setting: ${unknownNameAdvice(key, Object.keys(SETTINGS))}`
}

function readEnvironment(env: Variables): {
  settings: Partial<Record<SettingName, unknown>>
  unknownVariables: string[]
} {
  const settings: Partial<Record<SettingName, unknown>> = {}
  const known = new Set<string>()
  for (const name of Object.keys(SETTINGS).filter(isSettingName)) {
    const upper = `${PREFIX}${name.replaceAll('.', '_').toUpperCase()}`
    const lower = `${PREFIX}${name.replaceAll('.', '_')}`
    known.add(upper).add(lower)
    const variable = env[upper] ? upper : lower
    const value = env[variable]
    if (value) settings[name] = readValue(name, value, variable)
  }
  const unknownVariables = Object.keys(env).filter((name) => name.startsWith(PREFIX) && !known.has(name))
  return { settings, unknownVariables }
}

function readValue(name: SettingName, written: string, where: string): unknown {
  const { read, expected } = SETTINGS[name]
  const value = read(written)
  if (value === undefined) throw new ConfigError('config_error', `${where} must be ${expected}, not ${quote(written)}`)
  return value
}

function asText(value: unknown): string {
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? '')
}
