import { TokenNotAcceptableError } from './errors.ts'

/** Any value that JSON can carry. */
export type JsonValue = null | boolean | number | string | readonly JsonValue[] | { readonly [name: string]: JsonValue }

/** An object as parsed from JSON. Ask for members by `Object.hasOwn` only: names are the sender's choice. */
export type JsonObject = { readonly [name: string]: JsonValue }

/** Deepest nesting of objects and arrays in a header or claims set. */
export const MAX_JSON_DEPTH = 32

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/**
 * Parses bytes as one JSON object, strictly: UTF-8 without byte order mark, no text after it, no member name twice in one
 * object (RFC 7519 section 4 lets us refuse; last-wins is how peers were fooled), at most {@link MAX_JSON_DEPTH} deep.
 * Throws `malformed_token`, naming the part by `what`.
 */
export function parseJsonObject(bytes: Uint8Array, what: string): JsonObject {
  let text: string
  try {
    text = decoder.decode(bytes)
  } catch {
    throw malformed(`${what} is not UTF-8`)
  }
  const hazard = findHazard(text)
  if (hazard) throw malformed(`${what} ${hazard}`)
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw malformed(`${what} is not JSON`)
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw malformed(`${what} is not a JSON object`)
  return value as JsonObject
}

function malformed(message: string): TokenNotAcceptableError {
  return new TokenNotAcceptableError('malformed_token', message)
}

const QUOTE = 0x22
const BACKSLASH = 0x5c

/**
 * What JSON.parse would swallow: nesting without end and repeated names. One pass over the text, which need not be valid
 * JSON yet: JSON.parse judges that afterwards.
 */
function findHazard(text: string): string | undefined {
  // Names seen so far in each open object; undefined for an open array.
  const open: (Set<string> | undefined)[] = []
  let expectName = false
  for (let i = 0; i < text.length; i++) {
    switch (text.charCodeAt(i)) {
      case QUOTE: {
        const end = endOfString(text, i)
        if (end === -1) return undefined
        const names = open.at(-1)
        if (expectName && names) {
          const name = nameAt(text, i, end)
          if (name === undefined) return undefined
          if (names.has(name)) return 'has a member twice'
          names.add(name)
        }
        expectName = false
        i = end
        break
      }
      case 0x7b: // {
        open.push(new Set())
        expectName = true
        break
      case 0x5b: // [
        open.push(undefined)
        expectName = false
        break
      case 0x7d: // }
      case 0x5d: // ]
        open.pop()
        expectName = false
        break
      case 0x2c: // ,
        expectName = open.at(-1) !== undefined
        break
    }
    if (open.length > MAX_JSON_DEPTH) return `is nested deeper than ${MAX_JSON_DEPTH}`
  }
  return undefined
}

function endOfString(text: string, start: number): number {
  for (let i = start + 1; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code === QUOTE) return i
    if (code === BACKSLASH) i++
  }
  return -1
}

/** The name between two quotes, with its escapes resolved: `"\u0065xp"` is `exp`. Undefined when it is no JSON string. */
function nameAt(text: string, start: number, end: number): string | undefined {
  const raw = text.slice(start + 1, end)
  if (!raw.includes('\\')) return raw
  try {
    return JSON.parse(`"${raw}"`) as string
  } catch {
    return undefined
  }
}

/** Whether a value survives JSON unchanged: no undefined, function, symbol, bigint, NaN, infinity, cycle or exotic object. */
export function isJsonValue(value: unknown, depth = 0): value is JsonValue {
  if (depth > MAX_JSON_DEPTH) return false
  switch (typeof value) {
    case 'string':
      return value.isWellFormed()
    case 'boolean':
      return true
    case 'number':
      return Number.isFinite(value)
    case 'object':
      break
    default:
      return false
  }
  if (value === null) return true
  if (Array.isArray(value)) return value.every((item) => isJsonValue(item, depth + 1))
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype !== Object.prototype && prototype !== null) return false
  return Object.entries(value).every(([name, item]) => name.isWellFormed() && isJsonValue(item, depth + 1))
}
