/** Header fields in any of the shapes that servers have: pairs, `Headers`, or an object of values. */
export type HeaderSource =
  | Iterable<readonly [name: string, value: string]>
  | Readonly<Record<string, string | readonly string[] | undefined>>

/** Every value of a header field, in order; names are compared without case. RFC 9110 section 5.1. */
export function headerValues(headers: HeaderSource, name: string): readonly string[] {
  const values: string[] = []
  for (const [field, value] of isIterable(headers) ? headers : Object.entries(headers)) {
    if (value === undefined || !isNamed(field, name)) continue
    if (typeof value === 'string') values.push(value)
    else values.push(...value)
  }
  return values
}

/** The value of a header field; undefined where it is missing, {@link SEVERAL} where it came more than once. */
export function headerValue(headers: HeaderSource, name: string): string | undefined | typeof SEVERAL {
  if (headers instanceof RawHeaders) return headers.valueOfField(name)
  const values = headerValues(headers, name)
  return values.length > 1 ? SEVERAL : values[0]
}

/** Stands for more than one value of a header field. */
export const SEVERAL: unique symbol = Symbol('several')

/**
 * Node's `request.rawHeaders` (name, value, name, value, …) as pairs. Give these to the guard rather than `request.headers`,
 * where Node has dropped the second of two `Authorization` fields.
 */
export function fromRawHeaders(rawHeaders: readonly string[]): Iterable<readonly [name: string, value: string]> {
  return new RawHeaders(rawHeaders)
}

/** Pairs that are only made for who asks for pairs. */
class RawHeaders implements Iterable<readonly [string, string]> {
  readonly #list: readonly string[]

  constructor(list: readonly string[]) {
    this.#list = list
  }

  /** As {@link headerValue}. Asked with every request: nothing is made on the way. */
  valueOfField(name: string): string | undefined | typeof SEVERAL {
    const list = this.#list
    let value: string | undefined
    for (let i = 0; i + 1 < list.length; i += 2) {
      if (!isNamed(list[i]!, name)) continue
      if (value !== undefined) return SEVERAL
      value = list[i + 1]!
    }
    return value
  }

  *[Symbol.iterator](): Iterator<readonly [string, string]> {
    for (let i = 0; i + 1 < this.#list.length; i += 2) yield [this.#list[i]!, this.#list[i + 1]!]
  }
}

/** @param name - in small letters. */
function isNamed(field: string, name: string): boolean {
  return field.length === name.length && field.toLowerCase() === name
}

function isIterable(headers: HeaderSource): headers is Iterable<readonly [string, string]> {
  return typeof (headers as Partial<Iterable<unknown>>)[Symbol.iterator] === 'function'
}
