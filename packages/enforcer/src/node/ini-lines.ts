import { badFile } from './site-file.ts'

/** One `key = value` of an ini file. */
export interface IniEntry {
  readonly key: string
  readonly value: string
  /** The value as it stands, with quotes around it: for values that are JSON themselves. */
  readonly raw: string
  readonly line: number
}

/** A section and what it says last about each key. */
export interface IniSection {
  readonly name: string
  readonly line: number
  readonly entries: ReadonlyMap<string, IniEntry>
}

/**
 * Reads an ini file line by line, so that every complaint has its line. Of a section or key that comes twice the last one
 * counts, as XRootD documents it; names of sections may have dots (they are URLs in the field). A comment begins with `#` or `;` at the
 * beginning of a line, and with `;` after white space: URLs have both. There are no escapes. Throws `config_error`.
 */
export function readIniLines(text: string, file: string): readonly IniSection[] {
  const sections = new Map<string, { name: string; line: number; entries: Map<string, IniEntry> }>()
  let entries: Map<string, IniEntry> | undefined
  for (const [index, content] of text
    .replace(/^\ufeff/, '')
    .split(/\r?\n/)
    .entries()) {
    const line = index + 1
    if (/^\s*(?:[#;].*)?$/.test(content)) continue
    const header = /^\s*\[(.*)\]\s*(?:[#;].*)?$/.exec(content)
    if (header) {
      const name = header[1]!.trim()
      entries = new Map(sections.get(name)?.entries)
      sections.delete(name)
      sections.set(name, { name, line, entries })
      continue
    }
    // XRootD takes an indented line as part of the value above: a restriction could vanish that way, so nobody guesses here.
    if (/^\s/.test(content) && entries && entries.size > 0) {
      throw badFile({ file, line }, 'is indented: other readers take it as part of the value above')
    }
    const entry = readEntry(content, line)
    if (!entry) throw badFile({ file, line }, 'is neither a section nor "key = value"')
    if (!entries) throw badFile({ file, line, key: entry.key }, 'stands before the first section')
    entries.set(entry.key.toLowerCase(), entry)
  }
  return [...sections.values()]
}

function readEntry(content: string, line: number): IniEntry | undefined {
  const equals = content.indexOf('=')
  if (equals < 1) return undefined
  const raw = content
    .slice(equals + 1)
    .replace(/\s;.*$/, '')
    .trim()
  return { key: content.slice(0, equals).trim(), value: withoutQuotes(raw), raw, line }
}

/** XRootD's reader keeps quotes as part of the value, but no value of this file has any: whoever writes them means what stands between. */
function withoutQuotes(raw: string): string {
  return /^(["'])(.*)\1$/.exec(raw)?.[2] ?? raw
}
