import { isAbsolute, join } from 'node:path'
import { ConfigError, TokenNotAcceptableError } from '@scitokens/core'
import { flag, given, type OptionReaders, quote, readOptions, text, whole } from '@scitokens/core/internal'
import { readPrivateFile } from '@scitokens/host/files'
import { readVariables, type Variables } from './variables.ts'

/** Options of {@link discoverToken}. */
export interface DiscoverOptions {
  /** The environment to look in: `process.env`, as a rule. */
  readonly env: Variables
  /** Effective user id, in the names of the default files and as owner of any file. Default: the process's. */
  readonly uid?: number
  /** Where the last of the default files is. Default: `/tmp`; `TMPDIR` does not matter. */
  readonly temporaryDirectory?: string
  /** Accept files that others can read. Default: false. */
  readonly dangerouslyAllowLoosePermissions?: boolean
}

const READERS: OptionReaders<DiscoverOptions> = {
  env: readVariables,
  uid: whole(0, 0xffff_ffff, 'user ids'),
  temporaryDirectory: text,
  dangerouslyAllowLoosePermissions: flag,
}

/** A token that {@link discoverToken} found, and where. */
export interface DiscoveredToken {
  /** The token, without white space around it. */
  readonly token: string
  /** Where it was found, for people: `BEARER_TOKEN`, or the file and who named it. */
  readonly source: string
  /** The file it was read from; undefined for `BEARER_TOKEN`. */
  readonly file: string | undefined
}

// C's isspace in the C locale; no-break spaces and their like are no white space here.
const WHITE_SPACE = '[ \\t\\n\\v\\f\\r]+'
const AROUND = new RegExp(`^${WHITE_SPACE}|${WHITE_SPACE}$`, 'g')
/** Largest file that is read, in bytes: a token of the greatest length, and white space. */
const MAX_BYTES = 66_560
/** RFC 6750 section 2.1. */
const B64TOKEN = /^[A-Za-z0-9._~+/-]+=*$/

/**
 * Looks for a bearer token as the WLCG Bearer Token Discovery document says: `BEARER_TOKEN`, the file that `BEARER_TOKEN_FILE`
 * names, `$XDG_RUNTIME_DIR/bt_u<euid>`, `/tmp/bt_u<euid>`. What is empty is passed over; what is no token ends the search, as
 * somebody meant it to be one. Returns undefined when there is none.
 *
 * Throws `malformed_token` for what is no token; `config_error` for a file that `BEARER_TOKEN_FILE` names and that is not
 * there, and for one that cannot be read or is not safe: another owner's, or readable by others. Links are followed where the
 * environment named the file, as long as they lead to a file of this user or of root, and never below `/tmp`.
 */
export function discoverToken(options: DiscoverOptions): DiscoveredToken | undefined {
  const { env, uid, temporaryDirectory = '/tmp', ...trust } = readOptions<DiscoverOptions>(options, READERS)
  if (env === undefined)
    throw new ConfigError('config_error', 'discoverToken needs the environment to look in: env: process.env')
  const direct = checkToken(env['BEARER_TOKEN'] ?? '', 'BEARER_TOKEN')
  if (direct !== undefined) return { token: direct, source: 'BEARER_TOKEN', file: undefined }
  // Root's and nobody else's besides: not whoever owns the root of the file system, who in a container may stand for every other user.
  const owner = uid ?? process.geteuid?.()
  for (const place of places(env, owner, temporaryDirectory)) {
    const content = readPrivateFile(place.file, {
      what: 'the token file',
      maxBytes: MAX_BYTES,
      ...given({ owner }),
      refuseLink: place.refuseLink,
      // Others may write in /tmp, and a job's directory is often below one of its whole group.
      judgeWay: false,
      anyMode: trust.dangerouslyAllowLoosePermissions ?? false,
    })
    if (content === undefined) {
      if (!place.required) continue
      throw new ConfigError(
        'config_error',
        `the file ${quote(place.file)}, which BEARER_TOKEN_FILE names, is not there`,
      )
    }
    // One byte is one character: what is not ASCII is no token, whatever it would decode to.
    const token = checkToken(content.toString('latin1'), place.source)
    if (token !== undefined) return { token, source: place.source, file: place.file }
  }
  return undefined
}

interface Place {
  readonly file: string
  readonly source: string
  readonly required: boolean
  readonly refuseLink: boolean
}

function places(env: Variables, uid: number | undefined, temporary: string): readonly Place[] {
  const named = env['BEARER_TOKEN_FILE'] ?? ''
  const runtime = env['XDG_RUNTIME_DIR'] ?? ''
  const found: Place[] = []
  if (named !== '') {
    found.push({ file: named, source: `${named} (BEARER_TOKEN_FILE)`, required: true, refuseLink: false })
  }
  if (uid === undefined) return found
  // The XDG specification has relative paths ignored.
  const directories = isAbsolute(runtime) ? [runtime, temporary] : [temporary]
  for (const directory of directories) {
    const file = join(directory, `bt_u${uid}`)
    found.push({ file, source: file, required: false, refuseLink: true })
  }
  return found
}

function checkToken(content: string, source: string): string | undefined {
  const token = content.replaceAll(AROUND, '')
  if (token === '') return undefined
  if (B64TOKEN.test(token)) return token
  throw new TokenNotAcceptableError('malformed_token', `${source} holds something that is no bearer token`)
}
