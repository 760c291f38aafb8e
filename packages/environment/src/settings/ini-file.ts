import { readFileSync, statSync } from 'node:fs'
import { parse } from 'ini'
import { ConfigError } from '@scitokens/core'
import { quote } from '@scitokens/core/internal'

/** One line of the section `[scitokens]`. */
export interface IniEntry {
  readonly key: string
  readonly value: string
  readonly line: number
}

const MAX_BYTES = 65_536
const SECTION = 'scitokens'

/**
 * Reads the section `[scitokens]` of an ini file, with the line of each key. Throws `config_error`, naming file and line, for
 * a file that cannot be read, another section, a key outside of the section, a key without value or one that comes twice.
 */
export function readIniFile(file: string): readonly IniEntry[] {
  const text = readText(file)
  const problem = (line: number, why: string): ConfigError =>
    new ConfigError('config_error', `${quote(file)}, line ${line}: ${why}`)
  const entries: IniEntry[] = []
  let section: string | undefined
  for (const [index, raw] of text.split(/\r?\n/).entries()) {
    const line = index + 1
    // One line at a time: the parser does the reading, and the number of the line is not lost.
    const parsed = parse(raw) as Record<string, string | boolean | null>
    const name = /^\s*\[([^\]]*)\]/.exec(raw)?.[1]
    if (name !== undefined) {
      if (name.trim() !== SECTION) throw problem(line, `the section ${quote(name)} is not ${SECTION}`)
      section = SECTION
      continue
    }
    // The parser leaves out what no object can have as a key of its own.
    if (/^\s*[^\s;#]/.test(raw) && Object.keys(parsed).length === 0) throw problem(line, 'there is no setting here')
    for (const [key, value] of Object.entries(parsed)) {
      if (section === undefined) throw problem(line, `the key ${quote(key)} stands outside of the section [${SECTION}]`)
      if (!raw.includes('=')) throw problem(line, `the key ${quote(key)} has no value`)
      const earlier = entries.find((entry) => entry.key === key.toLowerCase())
      if (earlier) throw problem(line, `the key ${quote(key)} was set in line ${earlier.line} already`)
      // The reference library's parser does not mind the case of keys.
      entries.push({ key: key.toLowerCase(), value: String(value ?? ''), line })
    }
  }
  return entries
}

function readText(file: string): string {
  try {
    if (statSync(file).size <= MAX_BYTES) return readFileSync(file, 'utf8').replace(/^\uFEFF/, '')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    throw new ConfigError(
      'config_error',
      `the configuration file ${quote(file)} cannot be read (${code ?? 'unknown error'})`,
    )
  }
  throw new ConfigError('config_error', `the configuration file ${quote(file)} is larger than ${MAX_BYTES} bytes`)
}
