import { type Reader, wrong } from '@scitokens/core/internal'

/** Environment variables by name, as `process.env` has them. */
export type Variables = Readonly<Record<string, string | undefined>>

/** Reads an option that holds variables. They are used as they are: `process.env` is no plain object. Throws `config_error`. */
export const readVariables: Reader<Variables> = (value, name) => {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Variables
  throw wrong(name, 'an object such as process.env', value)
}
