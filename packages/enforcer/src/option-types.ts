// Options as they may come from a file: what their types promise is checked.
import { ConfigError } from '@scitokens/core'

/** One or several. */
export function asList(value: string | readonly string[]): readonly string[] {
  if (typeof value === 'string') return [value]
  if (Array.isArray(value) && value.every((item) => typeof item === 'string')) return value
  throw new ConfigError('an option that takes names takes a string or a list of strings')
}

/** Options that are switches; in a JSON file `"false"` would turn one on. */
const SWITCHES: readonly string[] = [
  'strict',
  'requireKid',
  'acceptPaddedKeys',
  'acceptScp',
  'acceptUriScopes',
  'acceptAnyInV1',
  'rejectDotSegments',
  'scitokensCppCompat',
  'dangerouslyAllowLoopbackHttp',
]

/**
 * Options may come from a JSON file: `null`, taken as "not given", would open what should be closed, and so would text in place of
 * a switch. Throws `config_error`.
 */
export function checkOptionTypes(options: object): void {
  for (const [name, value] of Object.entries(options)) {
    if (value === null) throw new ConfigError(`the option ${name} is null: give it a value, or leave it out`)
    if (SWITCHES.includes(name) && value !== undefined && typeof value !== 'boolean') {
      throw new ConfigError(`the option ${name} is true or false`)
    }
  }
}
