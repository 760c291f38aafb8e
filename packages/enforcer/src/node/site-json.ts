// JSON files of a site: read with the readers of options, so that a file may say what options may say, and every complaint has its line.
import { type OptionReaders, parseJsonObject, type Reader, unknownNameAdvice } from '@scitokens/core/internal'
import { badFile, checkedAt, parseSiteJson, type Place, readSiteFile } from './site-file.ts'

/** An object in a JSON file, and where it stands. */
export interface SiteObject {
  /** What the file says there. */
  readonly value: unknown
  /** Where a member of the object stands; the object itself where no name is given. */
  place(name?: string): Place
  /** An object that is a member of this one. */
  member(name: string, value: unknown): SiteObject
}

/** Reads a JSON file whose text is an object. Throws `config_error`, naming file and line. */
export function readSiteObject(file: string): SiteObject {
  const text = readSiteFile(file)
  const value = parseSiteJson(text, file)
  // A member that comes twice would count once: a restriction could vanish that way.
  if (isObject(value)) {
    checkedAt({ file, line: undefined }, () => parseJsonObject(new TextEncoder().encode(text), 'the file'))
  }
  return objectAt(value, { file, text, names: [] })
}

/**
 * Reads the members of an object: those that are known, as their readers read them. Throws `config_error`, naming file, line and key.
 *
 * @param readers - as for options of the same names.
 */
export function readMembers<O extends object>(object: SiteObject, readers: OptionReaders<O>): O {
  const { value } = object
  if (!isObject(value)) throw badFile(object.place(), 'must be an object')
  const known: Readonly<Record<string, Reader<unknown>>> = readers
  const read = Object.entries(value).map(([name, member]) => {
    const reader = Object.hasOwn(known, name) ? known[name] : undefined
    if (!reader) throw badFile(object.place(name), `is not known: ${unknownNameAdvice(name, Object.keys(known))}`)
    return [name, checkedAt(object.place(name), () => reader(member, name))] as const
  })
  return Object.fromEntries(read) as O
}

interface Position {
  readonly file: string
  readonly text: string
  readonly names: readonly string[]
}

function objectAt(value: unknown, { file, text, names }: Position): SiteObject {
  return {
    value,
    place: (key) =>
      key === undefined
        ? { file, line: lineOfMember(text, names) }
        : { file, line: lineOfMember(text, [...names, key]), key },
    member: (name, inner) => objectAt(inner, { file, text, names: [...names, name] }),
  }
}

/** The line of a member's name in a JSON text, after the names of the objects that it belongs to; where it is missing, of the object. */
function lineOfMember(text: string, names: readonly string[]): number {
  let at = 0
  for (const name of names) {
    const next = text.indexOf(JSON.stringify(name), at)
    if (next === -1) break
    at = next
  }
  return text.slice(0, at).split('\n').length
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
