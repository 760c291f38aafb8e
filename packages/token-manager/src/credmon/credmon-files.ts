import { createHash } from 'node:crypto'
import { lstatSync, readdirSync, readFileSync, rmdirSync, rmSync, type Stats } from 'node:fs'
import { join } from 'node:path'
import { ConfigError } from '@scitokens/core'
import { quote } from '@scitokens/core/internal'

/** Largest credential file that is read, in bytes. */
const MAX_BYTES = 65_536

/** A `.top` file: the request for, or the long-lived secret of, one credential of one user. */
export interface TopFile {
  readonly owner: string
  /** `service` or `service_handle`: the file's name without `.top`. */
  readonly name: string
  readonly service: string
  readonly handle: string
  readonly path: string
  /** Empty for a mere request mark. */
  readonly content: Readonly<Record<string, unknown>>
  /** The `.meta` beside it; empty when there is none. */
  readonly meta: Readonly<Record<string, unknown>>
  /** Tells whether either file was changed by somebody else. */
  readonly digest: string
}

/**
 * HTCondor's directory of OAuth credentials (`SEC_CREDENTIAL_DIRECTORY_OAUTH`): `<user>/<service>[_<handle>].top`, `.meta`, `.use`,
 * `<user>.mark`, `pid`, `CREDMON_COMPLETE`, and files named by 64 hex digits that start a web login.
 */
export class CredmonFiles {
  readonly directory: string

  constructor(directory: string) {
    this.directory = directory
  }

  /** Throws `config_error` when the directory is not there. */
  check(): void {
    if (statOf(this.directory)?.isDirectory()) return
    throw new ConfigError('config_error', `there is no credential directory ${quote(this.directory)}`)
  }

  /** Which process says that it is the credential monitor here. */
  pid(): number | undefined {
    try {
      const text = readCredential(join(this.directory, 'pid'))?.trim() ?? ''
      return /^[1-9]\d{0,9}$/.test(text) ? Number(text) : undefined
    } catch {
      return undefined // it will be replaced anyhow
    }
  }

  /** Users that have a directory. */
  owners(): string[] {
    return this.#entries(this.directory).filter((name) => statOf(join(this.directory, name))?.isDirectory())
  }

  /** What is asked for in one user's name. What cannot be read is told to `onProblem` and left out. */
  tops(owner: string, onProblem: (file: string, why: string) => void): TopFile[] {
    const directory = join(this.directory, owner)
    const found: TopFile[] = []
    for (const entry of this.#entries(directory)) {
      // HTCondor's rule for names: the underscore starts the handle.
      const [, name, service, handle = ''] = /^(([A-Za-z0-9-]+)(?:_([A-Za-z0-9-]+))?)\.top$/.exec(entry) ?? []
      if (name === undefined || service === undefined) continue
      const path = join(directory, entry)
      try {
        const top = readCredential(path) ?? ''
        const meta = readCredential(join(directory, `${name}.meta`)) ?? ''
        const digest = createHash('sha256').update(top).update('\0').update(meta).digest('base64url')
        found.push({ owner, name, service, handle, path, content: parse(top), meta: parse(meta), digest })
      } catch (error) {
        onProblem(path, error instanceof Error ? error.message : 'it cannot be read')
      }
    }
    return found
  }

  /** Users without jobs, and since when (seconds since the epoch). */
  marks(): { readonly owner: string; readonly since: number }[] {
    return this.#entries(this.directory).flatMap((entry) => {
      const owner = /^(.+)\.mark$/.exec(entry)?.[1]
      const stats = owner === undefined ? undefined : statOf(join(this.directory, entry))
      return owner !== undefined && stats?.isFile() ? [{ owner, since: stats.mtimeMs / 1000 }] : []
    })
  }

  /** Removes all credentials of a user, the directory, and the mark last, so that a killed sweep is done again. */
  sweep(owner: string): void {
    const directory = join(this.directory, owner)
    // A link would lead root elsewhere.
    if (statOf(directory)?.isDirectory()) {
      for (const entry of this.#entries(directory)) rmSync(join(directory, entry), { force: true, recursive: true })
      rmdirSync(directory)
    }
    rmSync(join(this.directory, `${owner}.mark`), { force: true })
  }

  /** Removes web logins that nobody finished: files named by 64 hex digits, older than `seconds`. */
  removeStaleLogins(now: number, seconds: number): void {
    for (const entry of this.#entries(this.directory)) {
      if (!/^[\da-f]{64}$/.test(entry)) continue
      const path = join(this.directory, entry)
      const stats = statOf(path)
      if (stats?.isFile() && Math.abs(now - stats.mtimeMs / 1000) > seconds) rmSync(path, { force: true })
    }
  }

  #entries(directory: string): string[] {
    try {
      return readdirSync(directory).toSorted()
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [] // swept meanwhile
      throw new ConfigError('config_error', `the credential directory ${quote(directory)} cannot be read`, {
        cause: error,
      })
    }
  }
}

/** Never through a link. */
function statOf(path: string): Stats | undefined {
  return lstatSync(path, { throwIfNoEntry: false })
}

function readCredential(path: string): string | undefined {
  const stats = statOf(path)
  if (!stats) return undefined
  if (!stats.isFile()) throw new Error('it is no regular file')
  if (stats.size > MAX_BYTES) throw new Error('it is too large')
  return readFileSync(path, 'utf8')
}

// Local credentials are asked for by a file without content, or with a word that is no JSON. HTCondor, local credmon.
function parse(text: string): Readonly<Record<string, unknown>> {
  if (!text.trimStart().startsWith('{')) return {}
  let document: unknown
  try {
    document = JSON.parse(text)
  } catch {
    throw new Error('it is not JSON') // the parser's own words quote the content
  }
  return document as Record<string, unknown>
}
