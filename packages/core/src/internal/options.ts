import { ConfigError, quote } from '../errors.ts'

// The one place where options of our packages are read. What a misspelt name or a mistyped value would have closed is open, and
// TypeScript does not help whoever writes JavaScript, JSON or YAML: so everything is checked at run time, when an object is made.

/**
 * Reads the value of one option: gives what it means, or throws `config_error`.
 *
 * @param name - where it stands, for the message: `cache.maxBytes`.
 */
export type Reader<T> = (value: unknown, name: string) => T

/**
 * A reader for every option of `O`, by name. Write `const READERS: OptionReaders<Options> = { … }`: an option without a reader, a reader
 * without an option, and one that reads something else than the option's type do not compile.
 */
export type OptionReaders<O> = { readonly [K in keyof O]-?: Reader<Exclude<O[K], undefined>> }

/**
 * Reads options: a copy that has the known names only, each read once. Those of prototypes count (a class that holds options, be it as
 * getters or methods, `Object.create(defaults)`), those of `Object.prototype` do not: whatever got there by mistake or by an attack is nobody's option.
 * Nothing but `undefined` means "not given".
 *
 * Throws `config_error` for an unknown name, with the nearest known one, for `null`, and as the readers.
 *
 * @param name - of the options, if they are those of an option themselves.
 */
export function readOptions<O extends object>(options: unknown, readers: OptionReaders<O>, name: string = ''): O {
  const given = membersOf(options, name, Object.keys(readers))
  const read: Record<string, unknown> = {}
  for (const member of given.keys()) if (!Object.hasOwn(readers, member)) throw unknownName(member, name, readers)
  for (const [member, reader] of Object.entries<Reader<unknown>>(readers)) {
    const value = given.get(member)
    if (value === undefined) continue
    read[member] = reader(notNull(value, inside(name, member)), inside(name, member))
  }
  return read as O
}

/** Reads options within an option, as {@link readOptions}. */
export function nested<O extends object>(readers: OptionReaders<O>): Reader<O> {
  return (value, name) => readOptions(value, readers, name)
}

/** Reads an object whose names are not known before: one entry each, in their order. */
export function recordOf<T>(reader: Reader<T>): Reader<Readonly<Record<string, T>>> {
  return (value, name) => {
    const record = Object.create(null) as Record<string, T>
    for (const [member, entry] of membersOf(value, name)) {
      const at = `${name}[${quote(member)}]`
      if (entry === undefined) throw wrong(at, 'something', entry)
      record[member] = reader(notNull(entry, at), at)
    }
    return record
  }
}

/** Reads `true` or `false`; text is neither, as `"false"` would be true. */
export const flag: Reader<boolean> = (value, name) => {
  if (typeof value === 'boolean') return value
  throw wrong(name, 'true or false', value)
}

/** Reads text that is not empty. */
export const text: Reader<string> = (value, name) => {
  if (typeof value === 'string' && value !== '') return value
  throw wrong(name, 'text that is not empty', value)
}

/** Reads a number from `min` to `max`, both included; `unit` for the message, which says in what it counts. */
export function number(min: number, max: number, unit: string): Reader<number> {
  const upTo = max === Infinity ? `, at least ${min}` : ` from ${min} to ${max}`
  return (value, name) => {
    if (typeof value === 'number' && Number.isFinite(value) && value >= min && value <= max) return value
    throw wrong(name, `a number of ${unit}${upTo}`, value)
  }
}

/** Reads a whole number, as {@link number}. */
export function whole(min: number, max: number, unit: string): Reader<number> {
  const read = number(min, max, unit)
  return (value, name) => {
    if (Number.isSafeInteger(read(value, name))) return value as number
    throw wrong(name, `a whole number of ${unit}`, value)
  }
}

/** Reads one of these words. */
export function choice<const T extends string>(...words: readonly T[]): Reader<T> {
  return (value, name) => {
    if (words.includes(value as T)) return value as T
    throw wrong(
      name,
      words.length === 1 ? `"${words[0]}"` : `one of ${words.map((word) => `"${word}"`).join(', ')}`,
      value,
    )
  }
}

/** Reads a function; what it takes and gives cannot be seen. */
// oxlint-disable-next-line typescript/no-explicit-any -- parameters are contravariant: any function fits
export function callable<F extends (...parameters: any[]) => unknown>(): Reader<F> {
  return (value, name) => {
    if (typeof value === 'function') return value as F
    throw wrong(name, 'a function', value)
  }
}

/** Reads an object that has this method, and takes it as it is: not copied, whatever else it has. */
export function having<T extends object>(method: string, what: string): Reader<T> {
  return (value, name) => {
    if (typeof value === 'object' && value !== null && hasMethod(value, method)) return value as T
    throw wrong(name, what, value)
  }
}

/** Reads a list and copies it; `empty` where one without entries means what it says, instead of letting everything match. */
export function listOf<T>(
  reader: Reader<T>,
  { empty = false }: { readonly empty?: boolean } = {},
): Reader<readonly T[]> {
  return (value, name) => {
    if (!Array.isArray(value)) throw wrong(name, 'a list', value)
    if (value.length === 0 && !empty)
      throw new ConfigError('config_error', `the option ${name} is an empty list: name something, or leave it out`)
    // Also what a sparse list does not have.
    return Array.from(value as readonly unknown[], (entry, index) => reader(entry, `${name}[${index}]`))
  }
}

/** Reads one value, or a list of them. */
export function oneOrMore<T>(reader: Reader<T>): Reader<T | readonly T[]> {
  const list = listOf(reader)
  return (value, name) => (Array.isArray(value) ? list(value, name) : reader(value, name))
}

/** Takes a value as it is: for what another check knows better. */
export const anything: Reader<unknown> = (value) => value

/** The refusal of an option's value. What it is instead is named by its kind: text might be a secret in the wrong place. */
export function wrong(name: string, what: string, value: unknown): ConfigError {
  return new ConfigError('config_error', `the option ${name} must be ${what}, not ${kindOf(value)}`)
}

/**
 * The known name that somebody may have meant: the same in another style (`base_path`), one that begins alike, or one with few letters
 * changed; undefined where none is near.
 */
export function nearestName(name: string, known: readonly string[]): string | undefined {
  const plain = (written: string): string => written.toLowerCase().replaceAll(/[^a-z0-9]/g, '')
  const wanted = plain(name)
  if (wanted === '') return undefined
  const distances = known.map((candidate) => ({ candidate, distance: editsBetween(wanted, plain(candidate)) }))
  const [best] = distances.toSorted((one, other) => one.distance - other.distance)
  if (best && best.distance <= Math.max(1, Math.floor(wanted.length / 4))) return best.candidate
  return known.find((candidate) => wanted.length >= 4 && plain(candidate).startsWith(wanted))
}

/** What to say of a name that is not known. */
export function unknownNameAdvice(name: string, known: readonly string[]): string {
  const near = nearestName(name, known)
  return near === undefined ? `known are ${known.join(', ')}` : `did you mean ${near}?`
}

function unknownName(member: string, name: string, readers: object): ConfigError {
  const where = name === '' ? '' : ` in ${name}`
  return new ConfigError(
    'config_error',
    `there is no option ${quote(member)}${where}: ${unknownNameAdvice(member, Object.keys(readers))}`,
  )
}

function notNull(value: unknown, name: string): unknown {
  // From a file; taken as "not given" it would open what should be closed.
  if (value !== null) return value
  throw new ConfigError('config_error', `the option ${name} is null: give it a value, or leave it out`)
}

function inside(name: string, member: string): string {
  return name === '' ? member : `${name}.${member}`
}

/**
 * The members of an object and of its prototypes but the last, each read once: the enumerable ones, and the known ones in any case, since
 * a class does not enumerate its getters and methods. Throws `config_error`.
 */
function membersOf(value: unknown, name: string, known: readonly string[] = []): ReadonlyMap<string, unknown> {
  // A Map, a list or a promise has no members of its own, and would be read as if nothing was said.
  if (typeof value !== 'object' || value === null || Symbol.iterator in value || hasMethod(value, 'then')) {
    throw name === ''
      ? new ConfigError('config_error', `options must be an object, not ${kindOf(value)}`)
      : wrong(name, 'an object', value)
  }
  const members = new Map<string, unknown>()
  for (let at: object | null = value; at !== null && !isLastPrototype(at, value); at = Object.getPrototypeOf(at)) {
    const level = at
    for (const member of [...Object.keys(at), ...known.filter((one) => Object.hasOwn(level, one))]) {
      if (!members.has(member)) members.set(member, Reflect.get(at, member, value))
    }
  }
  return members
}

/** `Object.prototype`, of whatever realm. */
function isLastPrototype(object: object, value: object): boolean {
  return object !== value && Object.getPrototypeOf(object) === null && Object.hasOwn(object, 'hasOwnProperty')
}

function hasMethod(value: object, method: string): boolean {
  return typeof (value as Record<string, unknown>)[method] === 'function'
}

function kindOf(value: unknown): string {
  if (typeof value === 'number' || typeof value === 'boolean' || value === undefined || value === null)
    return String(value)
  if (value === '') return 'empty text'
  if (typeof value === 'string') return 'text'
  if (Array.isArray(value)) return 'a list'
  if (value instanceof Promise) return 'a promise: await it'
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`
}

/** Letters to insert, delete, replace or swap with their neighbour (optimal string alignment distance). */
function editsBetween(one: string, other: string): number {
  let before: readonly number[] = []
  let row: readonly number[] = Array.from({ length: other.length + 1 }, (_, column) => column)
  for (let i = 1; i <= one.length; i += 1) {
    const next = [i]
    for (let j = 1; j <= other.length; j += 1) {
      const replaced = row[j - 1]! + (one[i - 1] === other[j - 1] ? 0 : 1)
      const swaps = i > 1 && j > 1 && one[i - 1] === other[j - 2] && one[i - 2] === other[j - 1]
      const swapped = swaps ? before[j - 2]! + 1 : Infinity
      next.push(Math.min(row[j]! + 1, next[j - 1]! + 1, replaced, swapped))
    }
    before = row
    row = next
  }
  return row.at(-1)!
}
