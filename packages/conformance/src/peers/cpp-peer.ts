import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { promisify } from 'node:util'
import { UndecidedError } from '@scitokens/core'
import { type CaseRequest, type CaseVerifierOptions, OUTCOMES, type Outcome } from '../format.ts'
import type { Answer, CannotAnswer, Ended, Implementation, Question, Verifier } from '../implementation.ts'
import type { PublishedKeys } from '../published-keys.ts'
import { lacks, type PeerHello } from './command-peer.ts'
import { LineProcess } from './line-process.ts'
import { prepare, sourceOf } from './programs.ts'

const HAS: Pick<PeerHello, 'operations' | 'options'> = {
  operations: ['test', 'acls', 'verify'],
  options: {
    issuers: true,
    audience: true,
    profiles: ['compat', ['scitoken:1.0'], ['scitoken:2.0'], ['wlcg:1.x'], ['at+jwt']],
    clockTolerance: [0],
    // It always translates names.
    scitokensCppCompat: [true],
  },
}

/** How long keys in the library's cache file count, in seconds. */
const KEY_LIFETIME = 3600

/**
 * `scitokens-cpp` behind a small program that is compiled at the first use, with the keys written to the library's own cache
 * file. Throws `config_error` where it cannot be compiled.
 */
export async function openCppPeer(cacheDirectory: string): Promise<Implementation> {
  const source = sourceOf('cpp/peer.cpp')
  const directory = await prepare({
    peer: 'the C++ library',
    needs: "g++ and Debian's libscitokens-dev",
    cacheDirectory,
    sources: [source],
    version: 'cpp',
    make: async (unfinished, run) => {
      await run('g++', ['-O1', '-o', join(unfinished, 'peer'), source, '-lSciTokens'])
    },
  })
  const version = await installedVersion()
  const home = await mkdtemp(join(tmpdir(), 'scitokens-cpp-'))
  await mkdir(join(home, 'scitokens'), { mode: 0o700 })
  const cache = KeyCacheFile.open(join(home, 'scitokens', 'scitokens_cpp.sqllite'))
  return new CppPeer(join(directory, 'peer'), home, version, cache)
}

/** The version of the library as Debian has it; elsewhere the report goes without. */
async function installedVersion(): Promise<string> {
  try {
    const { stdout } = await promisify(execFile)('dpkg-query', ['-W', '-f', '${Version}', 'libscitokens0'])
    return stdout.replace(/-.*$/, '')
  } catch {
    return ''
  }
}

class CppPeer implements Implementation {
  readonly name: string
  readonly clock = 'real'
  readonly tellsRefusalsApart = false
  readonly #program: LineProcess
  readonly #home: string
  readonly #cache: KeyCacheFile

  constructor(program: string, home: string, version: string, cache: KeyCacheFile) {
    this.name = `scitokens-cpp ${version}`.trim()
    this.#home = home
    this.#cache = cache
    // An issuer without keys must not lead to a request: whatever is not in the file is refused at once.
    const env = { XDG_CACHE_HOME: home, https_proxy: 'http://127.0.0.1:9', no_proxy: '' }
    this.#program = new LineProcess({ command: program, args: [], env })
  }

  lacks(options: CaseVerifierOptions, requests: readonly CaseRequest[]): string | undefined {
    return lacks(HAS, options, requests)
  }

  createVerifier(options: CaseVerifierOptions): Verifier {
    return { ask: (question) => this.#ask(options, question) }
  }

  async #ask(
    options: CaseVerifierOptions,
    { token, request, published }: Question,
  ): Promise<Answer | CannotAnswer | Ended> {
    if (request.isDirectory) return { cannot: 'it cannot be told that a path is a directory' }
    const issuers = strings(options['issuers'])
    const audiences = strings(options['audience'] ?? [])
    if (!issuers || !audiences) return { cannot: 'its issuers and audiences are strings' }
    if ([request.authz ?? '', request.path ?? ''].some((text) => typeof text !== 'string')) {
      return { cannot: 'its authorizations and paths are strings' }
    }
    this.#cache.write(published)
    const { profiles } = options
    const fields = [
      field(Array.isArray(profiles) ? String(profiles[0]) : 'compat'),
      list(issuers),
      list(audiences),
      field(options['audienceCheck'] === 'none' ? 'deserialize' : request.op),
      field(request.authz ?? ''),
      field(request.path ?? ''),
      field(token),
    ]
    return readAnswer(await this.#program.ask(fields.join(' ')))
  }

  async close(): Promise<void> {
    await this.#program.close()
    this.#cache.close()
    await rm(this.#home, { recursive: true, force: true })
  }
}

/** The library's key cache: one row per issuer, its whole key set and when that ends. */
class KeyCacheFile {
  readonly #database: DatabaseSync
  #written: string | undefined

  private constructor(database: DatabaseSync) {
    this.#database = database
  }

  /** Makes the file, as the library would. */
  static open(path: string): KeyCacheFile {
    const database = new DatabaseSync(path)
    database.exec('CREATE TABLE keycache (issuer text UNIQUE PRIMARY KEY NOT NULL, keys text NOT NULL)')
    return new KeyCacheFile(database)
  }

  write(published: PublishedKeys): void {
    const text = JSON.stringify(published)
    if (text === this.#written) return
    this.#written = text
    const now = Math.floor(Date.now() / 1000)
    this.#database.exec('DELETE FROM keycache')
    const insert = this.#database.prepare('INSERT INTO keycache VALUES (?, ?)')
    for (const [issuer, jwks] of Object.entries(published)) {
      insert.run(issuer, JSON.stringify({ jwks, next_update: now + KEY_LIFETIME, expires: now + KEY_LIFETIME }))
    }
  }

  close(): void {
    this.#database.close()
  }
}

function readAnswer(line: string | Ended): Answer | Ended {
  if (typeof line !== 'string') return line
  const [outcome, rest = '-'] = line.split(' ')
  if (!OUTCOMES.includes(outcome as Outcome)) {
    throw new UndecidedError('undecided', 'the peer answered without an outcome')
  }
  if (outcome !== 'allow') return { outcome: outcome as Outcome, message: decodeField(rest) }
  const acls = rest === '-' ? [] : rest.split(',').map((acl) => acl.split(':').map(decodeField) as [string, string])
  return { outcome, acls }
}

function field(value: string): string {
  return value === '' ? '-' : Buffer.from(value).toString('base64url')
}

function list(values: readonly string[]): string {
  return values.length === 0 ? '-' : values.map(field).join(',')
}

function decodeField(value: string): string {
  return value === '-' ? '' : Buffer.from(value, 'base64url').toString()
}

function strings(value: unknown): readonly string[] | undefined {
  return Array.isArray(value) && value.every((item) => typeof item === 'string') ? value : undefined
}
