import { TokenNotAcceptableError } from '../errors.ts'

/** Any value that JSON can carry. */
export type JsonValue = null | boolean | number | string | readonly JsonValue[] | { readonly [name: string]: JsonValue }

/** An object as parsed from JSON. Ask for members by `Object.hasOwn` only: names are the sender's choice. */
export type JsonObject = { readonly [name: string]: JsonValue }

/** Deepest nesting of objects and arrays in a header or claims set. */
const MAX_JSON_DEPTH = 32

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/**
 * Parses bytes as one JSON object, strictly: UTF-8 without byte order mark, no text after it, no member name twice in one
 * object (RFC 7519 section 4 lets us refuse), at most {@link MAX_JSON_DEPTH} deep, no number out of range, no unpaired surrogate.
 * The object is deeply frozen. Throws `malformed_token`, naming the part by `what`.
 */
export function parseJsonObject(bytes: Uint8Array, what: string): JsonObject {
  const text = readText(bytes, what)
  return checkedObject(readJson(text, what), text, what, 'is not a JSON object')
}

/** As {@link parseJsonObject} for an object that is the one member of an array; what the array holds is given. */
export function parseJsonObjectInArray(bytes: Uint8Array, what: string): JsonObject {
  const text = readText(bytes, what)
  const value = readJson(text, what)
  const only: unknown = Array.isArray(value) && value.length === 1 ? value[0] : undefined
  return checkedObject(only, text, what, 'is not a JSON array with one object')
}

function readText(bytes: Uint8Array, what: string): string {
  try {
    return decoder.decode(bytes)
  } catch {
    throw malformed(`${what} is not UTF-8`)
  }
}

function readJson(text: string, what: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw malformed(`${what} is not JSON`)
  }
}

/** Freezes the one object of a text and refuses what a reader could take for something else. */
function checkedObject(value: unknown, text: string, what: string, otherwise: string): JsonObject {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw malformed(`${what} ${otherwise}`)
  const members = freezeAndCount(value, 1)
  if (members === undefined) throw malformed(`${what} is nested deeper than ${MAX_JSON_DEPTH}`)
  // Of a name that comes twice JSON.parse keeps the last: then there are more names in the text than members in the value.
  if (Number.isFinite(members) && members !== countNames(text)) throw malformed(`${what} has a member twice`)
  // Only an escape can write half a character in text that is UTF-8.
  if (!Number.isFinite(members) || (text.includes('\\u') && !isWellFormed(value)))
    throw malformed(`${what} has a number out of range or an unpaired surrogate`)
  return value as JsonObject
}

/** Whether no string in a value, names included, has an unpaired surrogate, which is not what was written. */
function isWellFormed(value: unknown): boolean {
  if (typeof value === 'string') return value.isWellFormed()
  if (typeof value !== 'object' || value === null) return true
  return Object.entries(value).every(([name, item]) => name.isWellFormed() && isWellFormed(item))
}

function malformed(message: string): TokenNotAcceptableError {
  return new TokenNotAcceptableError('malformed_token', message)
}

/**
 * Freezes a parsed value and tells the number of members of all its objects; undefined where it is nested too deeply, not finite
 * where a number is not: JSON.parse turns 1e400 into Infinity.
 */
function freezeAndCount(value: object, depth: number): number | undefined {
  if (depth > MAX_JSON_DEPTH) return undefined
  const isArray = Array.isArray(value)
  let count = 0
  for (const name in value) {
    if (!isArray) count += 1
    const item = (value as Readonly<Record<string, unknown>>)[name]
    if (typeof item === 'object' && item !== null) {
      const inner = freezeAndCount(item, depth + 1)
      if (inner === undefined) return undefined
      count += inner
    } else if (typeof item === 'number' && !Number.isFinite(item)) count = Infinity
  }
  Object.freeze(value)
  return count
}

const COLON = 0x3a
const BACKSLASH = 0x5c

/** Names of members in a text that is known to be JSON: strings before a colon. */
function countNames(text: string): number {
  let names = 0
  for (let quote = text.indexOf('"'); quote !== -1; quote = text.indexOf('"', quote + 1)) {
    quote = endOfString(text, quote)
    let next = quote + 1
    // White space of JSON; nothing else that is so low can stand here.
    while (text.charCodeAt(next) <= 0x20) next += 1
    if (text.charCodeAt(next) === COLON) names += 1
  }
  return names
}

function endOfString(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); ; end = text.indexOf('"', end + 1)) {
    let backslashes = 0
    while (text.charCodeAt(end - 1 - backslashes) === BACKSLASH) backslashes += 1
    if (backslashes % 2 === 0) return end
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
