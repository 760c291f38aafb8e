import { readFile } from 'node:fs/promises'
import { ConfigError } from '@scitokens/core'
import { nearestName } from '@scitokens/core/internal'
import { type Document, isNode, LineCounter, parseDocument } from 'yaml'
import type { z } from 'zod'
import { type ConfigFile, configSchema } from './config-schema.ts'
import { keysAt } from './schema-keys.ts'

/** A configuration file, read and checked for form; what it says is judged by `openIssuer`. */
export interface ReadConfig {
  readonly path: string
  readonly config: ConfigFile
  /** The same error with the place in the file at which its key stands, where its message begins with one. */
  readonly locate: (error: ConfigError) => ConfigError
}

/** Largest configuration file, in bytes. */
const MAX_BYTES = 4_194_304

/**
 * Reads a configuration file in YAML (JSON is YAML too). Throws `config_error` that names file, line and key.
 */
export async function readConfigFile(path: string): Promise<ReadConfig> {
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (cause) {
    throw new ConfigError(
      'config_error',
      `the configuration file ${path} cannot be read (${(cause as NodeJS.ErrnoException).code})`,
    )
  }
  if (text.length > MAX_BYTES)
    throw new ConfigError('config_error', `the configuration file ${path} is over ${MAX_BYTES} bytes`)
  return parseConfig(text, path)
}

/** As {@link readConfigFile}, for text that is there already. `path` is for messages. */
export function parseConfig(text: string, path: string): ReadConfig {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines })
  const [broken] = document.errors
  if (broken)
    throw new ConfigError('config_error', `${path}:${lines.linePos(broken.pos[0]).line}: ${firstLine(broken.message)}`)

  const lineOf = (keys: readonly PropertyKey[]): number => {
    // The deepest part of the path that is in the file: a missing key is told where it should stand.
    for (let depth = keys.length; depth > 0; depth--) {
      const node = document.getIn(keys.slice(0, depth), true)
      if (isNode(node) && node.range) return lines.linePos(node.range[0]).line
    }
    return 1
  }
  const at = (keys: readonly PropertyKey[], problem: string): ConfigError =>
    new ConfigError('config_error', `${path}:${lineOf(keys)}: ${formatKeys(keys)}: ${problem}`)

  const result = configSchema.safeParse(toPlain(document, path))
  if (!result.success) throw explain(result.error.issues, at)
  const config = result.data
  if ((config.issuer === undefined) === (config.realms === undefined)) {
    throw new ConfigError('config_error', `${path}:1: issuer: name one issuer, or several under realms, and not both`)
  }
  return {
    path,
    config,
    locate: (error) => {
      const [, key, problem] = /^([A-Za-z][\w.[\]"/-]*): (.*)$/s.exec(error.message) ?? []
      if (key === undefined || problem === undefined) return new ConfigError(error.code, `${path}: ${error.message}`)
      return at(parseKeys(key), problem)
    },
  }
}

/** The values alone. Aliases are refused: they let a small file grow without end, and hide which line is meant. */
function toPlain(document: Document, path: string): unknown {
  try {
    return document.toJS({ maxAliasCount: 0 })
  } catch {
    throw new ConfigError('config_error', `${path}: aliases (*name) are not supported`)
  }
}

type Issue = z.core.$ZodIssue

function explain(
  issues: readonly Issue[],
  at: (keys: readonly PropertyKey[], problem: string) => ConfigError,
): ConfigError {
  const [issue] = issues
  if (!issue) return at([], 'is not valid')
  if (issue.code === 'unrecognized_keys')
    return at([...issue.path, issue.keys[0]!], unknownKey(issue.keys[0]!, keysAt(configSchema, issue.path)))
  if (issue.code === 'invalid_union') {
    // The branch that got furthest says best what was meant.
    const deepest = issue.errors.flat().toSorted((a, b) => depthOf(b) - depthOf(a))[0]
    if (deepest && deepest.path.length > 0) return explain([{ ...deepest, path: [...issue.path, ...deepest.path] }], at)
  }
  return at(issue.path, issue.message.replace(/^Invalid input: /, ''))
}

/** A misspelt key is deeper than what it stands in, and than the key that is missing because of it. */
function depthOf({ path, code }: Issue): number {
  return code === 'unrecognized_keys' ? path.length + 1.5 : path.length
}

function unknownKey(key: string, known: readonly string[]): string {
  const near = nearestName(key, known)
  return `is not a key of this configuration${near === undefined ? '' : `: did you mean ${near}?`}`
}

function formatKeys(keys: readonly PropertyKey[]): string {
  return keys
    .map((key, index) => (typeof key === 'number' ? `[${key}]` : `${index === 0 ? '' : '.'}${String(key)}`))
    .join('')
}

/** `realms[0].clients[2].lifetime`, as the parts below name their options. */
function parseKeys(text: string): PropertyKey[] {
  const parts = text.match(/"[^"]*"|[^.[\]"]+/g) ?? []
  return parts.map((part) => (/^\d+$/.test(part) ? Number(part) : part.replaceAll('"', '')))
}

function firstLine(message: string): string {
  return message.split('\n', 1)[0]!.replace(/ at line \d+.*$/, '')
}
