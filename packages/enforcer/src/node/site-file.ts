import { readFileSync } from 'node:fs'
import { ConfigError } from '@scitokens/core'
import { given, quote } from '@scitokens/core/internal'

/** Where in a file something stands, for messages. */
export interface Place {
  readonly file: string
  readonly line: number | undefined
  readonly key?: string
}

/** The error for a bad file: names file, line and key. */
export function badFile({ file, line, key }: Place, problem: string, cause?: unknown): ConfigError {
  const where = line === undefined ? file : `${file}:${line}`
  return new ConfigError('config_error', `${where}: ${key === undefined ? '' : `${key}: `}${problem}`, {
    ...given({ claim: key, cause }),
  })
}

/** Reads a text file of the site's configuration. Throws `config_error`. */
export function readSiteFile(file: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(file))
  } catch (cause) {
    throw badFile({ file, line: undefined }, `cannot be read (${describe(cause)})`, cause)
  }
}

/** Parses JSON. Throws `config_error`, naming the line. */
export function parseSiteJson(text: string, file: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch (cause) {
    const at = /\(line (\d+)/.exec(describe(cause))
    throw badFile({ file, line: at ? Number(at[1]) : text.split('\n').length }, 'is not JSON', cause)
  }
}

/** Runs a check of core's and says where in the file its complaint belongs. */
export function checkedAt<T>(place: Place, check: () => T): T {
  try {
    return check()
  } catch (cause) {
    if (cause instanceof Error) throw badFile(place, cause.message, cause)
    throw cause
  }
}

function describe(error: unknown): string {
  return error instanceof Error ? error.message : quote(error)
}
