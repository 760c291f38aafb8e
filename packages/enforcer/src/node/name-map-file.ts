import { parseScopePath } from '@scitokens/core'
import type { NameRule } from '../issuers/subject-mapping.ts'
import { badFile, checkedAt, parseSiteJson, readSiteFile } from './site-file.ts'

const CONDITIONS = ['sub', 'username', 'path', 'group'] as const

/**
 * Reads a name map file as XRootD has it: a JSON list of rules with `result` and any of `sub`, `username`, `path`, `group`. A
 * rule with `ignore` is left out; other keys are comments. Throws `config_error`, naming the file, the line and the key.
 */
export function readNameMapFile(file: string): readonly NameRule[] {
  const text = readSiteFile(file)
  const list = parseSiteJson(text, file)
  if (!Array.isArray(list)) throw badFile({ file, line: 1 }, 'must be a list of rules')
  const lines = linesOfRules(text)
  return list.flatMap((rule: unknown, index) => {
    const place = { file, line: lines[index] }
    if (typeof rule !== 'object' || rule === null || Array.isArray(rule)) throw badFile(place, 'is no rule')
    return 'ignore' in rule ? [] : [readRule(rule as Readonly<Record<string, unknown>>, place)]
  })
}

function readRule(
  rule: Readonly<Record<string, unknown>>,
  place: { file: string; line: number | undefined },
): NameRule {
  const { result } = rule
  if (typeof result !== 'string' || result === '')
    throw badFile({ ...place, key: 'result' }, 'must be the name of an account')
  const read: Record<string, string> = { result }
  for (const key of CONDITIONS) {
    const value = rule[key]
    if (value === undefined) continue
    if (typeof value !== 'string') throw badFile({ ...place, key }, 'must be a string')
    if (key === 'path') checkedAt({ ...place, key }, () => parseScopePath(value))
    read[key] = value
  }
  return read as unknown as NameRule
}

/** The line on which each object of the outer list begins. The text is known to be JSON. */
function linesOfRules(text: string): readonly number[] {
  const lines: number[] = []
  let depth = 0
  let line = 1
  for (const [token] of text.matchAll(/"(?:[^"\\]|\\.)*"|[{}[\]\n]/g)) {
    if (token === '\n') line += 1
    else if (token === '{' || token === '[') {
      if (depth === 1) lines.push(line)
      depth += 1
    } else if (token === '}' || token === ']') depth -= 1
  }
  return lines
}
