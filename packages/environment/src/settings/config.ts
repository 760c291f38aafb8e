import { ConfigError, quote } from '../../../core/src/errors.ts'
import { readIniFile } from './ini-file.ts'
import { isSettingName, SETTINGS, type SettingName, type SettingValues } from './settings.ts'

/** Settings made by the program itself, by the names of the ini file. */
export type ConfigValues = { readonly [Name in SettingName]?: SettingValues[Name] }

/** Options of {@link readConfig}. */
export interface ConfigOptions {
  /** Strongest: what the program says. */
  readonly values?: ConfigValues
  /** Next: `SCITOKEN_CONFIG_*`. Default: none. */
  readonly env?: Readonly<Record<string, string | undefined>>
  /** Weakest but for the defaults: an ini file with a section `[scitokens]`. */
  readonly file?: string
}

/** What holds, every setting with its value. */
export interface Config extends SettingValues {
  /** Variables that look like settings and are none of ours; scitokens-cpp may know them. */
  readonly unknownVariables: readonly string[]
}

const PREFIX = 'SCITOKEN_CONFIG_'

/**
 * Works out what holds: argument before environment before file before default. Changes nothing. Variables may be written in
 * upper or lower case after the prefix, as for scitokens-cpp; an empty one counts as not set.
 *
 * Throws `config_error` for an unknown key and for a bad value, naming file, line and key, or the variable.
 */
export function readConfig({ values = {}, env = {}, file }: ConfigOptions = {}): Config {
  const found: Partial<Record<SettingName, unknown>> = Object.fromEntries(
    Object.entries(SETTINGS).map(([name, { fallback }]) => [name, fallback]),
  )
  for (const { key, value, line } of file === undefined ? [] : readIniFile(file)) {
    const where = `${quote(file)}, line ${line}`
    if (!isSettingName(key)) throw new ConfigError(`${where}: ${quote(key)} is no setting`)
    // The reference library takes an empty value for an absent one.
    if (value !== '') found[key] = readValue(key, value, `${where}: ${key}`)
  }
  const { settings, unknownVariables } = readEnvironment(env)
  Object.assign(found, settings)
  for (const [key, value] of Object.entries(values)) {
    if (!isSettingName(key)) throw new ConfigError(`${quote(key)} is no setting`)
    if (value !== undefined) found[key] = readValue(key, asText(value), key)
  }
  return { ...(found as SettingValues), unknownVariables }
}

function readEnvironment(env: Readonly<Record<string, string | undefined>>): {
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
    const text = env[variable]
    if (text) settings[name] = readValue(name, text, variable)
  }
  const unknownVariables = Object.keys(env).filter((name) => name.startsWith(PREFIX) && !known.has(name))
  return { settings, unknownVariables }
}

function readValue(name: SettingName, text: string, where: string): unknown {
  const { read, expected } = SETTINGS[name]
  const value = read(text)
  if (value === undefined) throw new ConfigError(`${where} must be ${expected}, not ${quote(text)}`)
  return value
}

function asText(value: unknown): string {
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? '')
}
