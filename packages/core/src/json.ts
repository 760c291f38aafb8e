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
 * object (RFC 7519 section 4 lets us refuse), at most {@link MAX_JSON_DEPTH} deep, no number out of range, no unpaired surrogate.
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
  if (MAY_BE_UNSOUND.test(text) && !isSound(value))
    throw malformed(`${what} has a number out of range or an unpaired surrogate`)
  return value as JsonObject
}

// Only such text can hold them, and hardly any token is such text.
const MAY_BE_UNSOUND = /\\u[dD]|\d[eE]|\d{300}/

/** JSON.parse turns 1e400 into Infinity and `"\\ud800"` into half a character: neither is what was written. */
function isSound(value: unknown): boolean {
  switch (typeof value) {
    case 'string':
      return value.isWellFormed()
    case 'number':
      return Number.isFinite(value)
    case 'object':
      if (value === null) return true
      if (Array.isArray(value)) return value.every(isSound)
      return Object.entries(value).every(([name, item]) => name.isWellFormed() && isSound(item))
    default:
      return true
  }
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

/**
 * Whether a value survives JSON unchanged: no undefined, function, symbol, bigint, NaN, infinity, hole, cycle, lone surrogate
 * or exotic object, and not nested deeper than a token may be.
 */
export function isJsonValue(value: unknown): value is JsonValue {
  return toJsonValue(value) !== undefined
}

/**
 * A deeply frozen copy of a value that JSON can carry, or undefined where it cannot. Checked and copied in one pass, so
 * that a getter cannot show one value to the check and another to the copy.
 */
export function toJsonValue(value: unknown): JsonValue | undefined {
  try {
    // One level is the claims set that the value will be put into.
    return copyJson(value, 1)
  } catch {
    return undefined // a proxy or getter that throws
  }
}

function copyJson(value: unknown, depth: number): JsonValue | undefined {
  switch (typeof value) {
    case 'string':
      return value.isWellFormed() ? value : undefined
    case 'boolean':
      return value
    case 'number':
      return Number.isFinite(value) ? value : undefined
    case 'object':
      if (value === null) return null
      if (depth >= MAX_JSON_DEPTH) return undefined
      return Array.isArray(value) ? copyArray(value, depth + 1) : copyObject(value, depth + 1)
    default:
      return undefined
  }
}

function copyArray(array: readonly unknown[], depth: number): JsonValue | undefined {
  const copy: JsonValue[] = []
  // By index: `every` and `map` pass over holes, which JSON would turn into null.
  for (let i = 0; i < array.length; i++) {
    const item = Object.hasOwn(array, i) ? copyJson(array[i], depth) : undefined
    if (item === undefined) return undefined
    copy.push(item)
  }
  return Object.freeze(copy)
}

function copyObject(object: object, depth: number): JsonValue | undefined {
  const prototype: unknown = Object.getPrototypeOf(object)
  // Plain objects of another realm have another Object.prototype, which has no prototype either.
  if (prototype !== null && Object.getPrototypeOf(prototype) !== null) return undefined
  const entries: [string, JsonValue][] = []
  for (const [name, value] of Object.entries(object)) {
    const item = name.isWellFormed() ? copyJson(value, depth) : undefined
    if (item === undefined) return undefined
    entries.push([name, item])
  }
  // fromEntries defines properties: a member "__proto__" stays a member, which an assignment would not.
  return Object.freeze(Object.fromEntries(entries))
}

/** Freezes a parsed value in place, with all that it holds. */
export function deepFreeze<T extends JsonValue>(value: T): T {
  if (typeof value === 'object' && value !== null) {
    for (const item of Object.values(value)) deepFreeze(item)
    Object.freeze(value)
  }
  return value
}
