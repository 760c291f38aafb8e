import { statSync } from 'node:fs'
import { join } from 'node:path'
import { ConfigError } from '@scitokens/core'

/** The environment that decides where a bearer token is found. */
export type Environment = Readonly<Record<string, string | undefined>>

/**
 * Where bearer token discovery will look for this user's token, so that it can be written there: `BEARER_TOKEN_FILE`, else
 * `$XDG_RUNTIME_DIR/bt_u<euid>` where that directory exists, else `/tmp/bt_u<euid>`.
 *
 * Several tokens are told apart by a suffix (WLCG bearer token discovery, section 3).
 */
export function tokenFileLocation(env: Environment, purpose?: string): string {
  if (purpose !== undefined && !/^[A-Za-z0-9_.-]+$/.test(purpose)) {
    throw new ConfigError(
      'config_error',
      'the purpose of a token file has only letters, digits, dot, hyphen and underscore',
    )
  }
  const suffix = purpose === undefined ? '' : `-${purpose}`
  if (env['BEARER_TOKEN_FILE'] && purpose === undefined) return env['BEARER_TOKEN_FILE']
  const name = `bt_u${process.geteuid?.() ?? 0}${suffix}`
  const runtime = env['XDG_RUNTIME_DIR']
  return join(runtime && isDirectory(runtime) ? runtime : '/tmp', name)
}

function isDirectory(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false
}
