/** Header fields in any of the shapes that servers have: pairs, `Headers`, or an object of values. */
export type HeaderSource =
  | Iterable<readonly [name: string, value: string]>
  | Readonly<Record<string, string | readonly string[] | undefined>>

/** Every value of a header field, in order; names are compared without case. RFC 9110 section 5.1. */
export function headerValues(headers: HeaderSource, name: string): readonly string[] {
  const values: string[] = []
  for (const [field, value] of isIterable(headers) ? headers : Object.entries(headers)) {
    if (value === undefined || field.length !== name.length || field.toLowerCase() !== name) continue
    if (typeof value === 'string') values.push(value)
    else values.push(...value)
  }
  return values
}

/**
 * Node's `request.rawHeaders` (name, value, name, value, …) as pairs. Give these to the guard rather than `request.headers`,
 * where Node has dropped the second of two `Authorization` fields.
 */
export function fromRawHeaders(rawHeaders: readonly string[]): readonly (readonly [string, string])[] {
  // A list, not a generator: it is read once per field name.
  const pairs: (readonly [string, string])[] = []
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) pairs.push([rawHeaders[i]!, rawHeaders[i + 1]!])
  return pairs
}

function isIterable(headers: HeaderSource): headers is Iterable<readonly [string, string]> {
  return typeof (headers as Partial<Iterable<unknown>>)[Symbol.iterator] === 'function'
}
