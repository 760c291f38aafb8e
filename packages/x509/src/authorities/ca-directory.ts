import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { WatchedFile } from '@scitokens/host/files'
import type { Logger } from '@scitokens/core/internal'
import type { Certificate } from '../certificate/certificate.ts'
import { CertificateReader } from '../certificate/certificate-reader.ts'
import { type Crl, readCrl } from './crl.ts'
import { CertificateUndecided } from '../errors.ts'
import type { DistinguishedName } from '../certificate/names.ts'
import { type NamespaceRule, readNamespaces, readSigningPolicy } from './namespaces.ts'
import { certificatesOfPem, crlsOfFile } from '../der/pem.ts'

/** An authority that this site trusts. */
export interface Authority {
  readonly certificate: Certificate
  /** The hash names under which authorities of its name, their revocation lists and their namespace lie. */
  readonly names: readonly string[]
}

interface Index {
  readonly stamp: string
  readonly readAt: number
  /** Names of files, by what stands before the first dot. */
  readonly files: ReadonlyMap<string, readonly string[]>
  readonly byName: ReadonlyMap<string, readonly Authority[]>
  /** Files that could not be read: an authority that is not found may be among them. */
  readonly broken: readonly string[]
}

const CA_FILE = /^([\da-f]{8})\.\d+$/i
const MAX_CA_BYTES = 1_048_576
/** Revocation lists of large authorities have tens of thousands of entries. */
const MAX_CRL_BYTES = 33_554_432
const MAX_POLICY_BYTES = 262_144
/** What lies behind symbolic links may change without the directory noticing. In seconds. */
const REREAD_AFTER = 60

/**
 * A directory of authorities as grid sites have it (`/etc/grid-security/certificates`, IGTF): certificates named by hash (`a1b2c3d4.0`),
 * beside them revocation lists (`a1b2c3d4.r0`) and namespaces (`a1b2c3d4.namespaces`, `a1b2c3d4.signing_policy`). Files are read when
 * they are needed, and again when they are replaced.
 */
export class CaDirectory {
  readonly #path: string
  readonly #logger: Pick<Logger, 'error'>
  readonly #files = new Map<string, WatchedFile<unknown>>()
  /** Each authority lies there under two names at least. */
  readonly #reader = new CertificateReader()
  #index: Promise<Index> | undefined
  /** Files about which the log has been told. */
  #told: ReadonlySet<string> = new Set()

  constructor(path: string, logger: Pick<Logger, 'error'>) {
    this.#path = path
    this.#logger = logger
  }

  /** Authorities of this name. Throws {@link CertificateUndecided} where the directory, or a file that may hold it, cannot be read. */
  async find(name: DistinguishedName): Promise<readonly Authority[]> {
    const { byName, broken } = await this.#current()
    const found = byName.get(name.key) ?? []
    if (found.length === 0 && broken.length > 0) {
      throw new CertificateUndecided(
        'authorities_unreadable',
        `the authority may be in ${broken[0]}, which cannot be read`,
      )
    }
    return found
  }

  /** Finds out early that the directory is another one than was meant. Throws {@link CertificateUndecided}. */
  async check(): Promise<void> {
    const { byName } = await this.#current()
    if (byName.size > 0) return
    const what = `the directory ${this.#path} has no authority: no file such as a1b2c3d4.0`
    throw new CertificateUndecided('authorities_unreadable', what)
  }

  /** The revocation lists beside an authority. */
  async crls(authority: Authority): Promise<readonly Crl[]> {
    const files = await this.#beside(authority, /^\.r\d+$/)
    const lists = await Promise.all(
      files.map((name) => this.#read(name, MAX_CRL_BYTES, readCrlFile, 'crl_unreadable', 'revocation list')),
    )
    return lists.flat()
  }

  /** What an authority may name; undefined: there is no file that says so. `.namespaces` goes before `.signing_policy`. */
  async namespaces(authority: Authority): Promise<readonly NamespaceRule[] | undefined> {
    for (const [suffix, parse] of NAMESPACE_FILES) {
      // oxlint-disable-next-line no-await-in-loop -- the second file counts where there is no first
      const files = await this.#beside(authority, suffix)
      if (files.length === 0) continue
      const read = (content: Buffer): NamespaceRule[] => parse(content.toString('utf8'))
      // oxlint-disable-next-line no-await-in-loop -- as above
      const rules = await Promise.all(
        files.map((name) => this.#read(name, MAX_POLICY_BYTES, read, 'namespace_unreadable', 'namespace')),
      )
      return rules.flat()
    }
    return undefined
  }

  async #beside(authority: Authority, suffix: RegExp): Promise<string[]> {
    const { files } = await this.#current()
    return authority.names
      .flatMap((name) => files.get(name) ?? [])
      .filter((file) => suffix.test(file.slice(file.indexOf('.'))))
  }

  async #read<T>(
    name: string,
    maxBytes: number,
    parse: (content: Buffer) => T,
    doubt: 'crl_unreadable' | 'namespace_unreadable',
    what: string,
  ): Promise<T> {
    try {
      return await this.#file(name, maxBytes, parse).get()
    } catch (cause) {
      throw new CertificateUndecided(doubt, `the ${what} ${join(this.#path, name)} cannot be read`, cause)
    }
  }

  #file<T>(name: string, maxBytes: number, parse: (content: Buffer) => T): WatchedFile<T> {
    let file = this.#files.get(name) as WatchedFile<T> | undefined
    if (!file) this.#files.set(name, (file = new WatchedFile({ path: join(this.#path, name), maxBytes, parse })))
    return file
  }

  async #current(): Promise<Index> {
    const before = await this.#index?.catch(() => undefined)
    const now = performance.now() / 1000
    const stamp = await this.#stamp()
    if (before?.stamp === stamp && now - before.readAt < REREAD_AFTER) return before
    this.#index = this.#load(stamp, now)
    return this.#index
  }

  async #stamp(): Promise<string> {
    try {
      const { dev, ino, mtimeNs } = await stat(this.#path, { bigint: true })
      return [dev, ino, mtimeNs].join(':')
    } catch (cause) {
      throw this.#unreadable(cause)
    }
  }

  async #load(stamp: string, readAt: number): Promise<Index> {
    let files: string[]
    try {
      files = await readdir(this.#path)
    } catch (cause) {
      throw this.#unreadable(cause)
    }
    const present = new Set(files)
    for (const name of this.#files.keys()) if (!present.has(name)) this.#files.delete(name)
    const broken: string[] = []
    const byFingerprint = new Map<string, { certificate: Certificate; names: string[] }>()
    for (const name of files.filter((file) => CA_FILE.test(file)).toSorted()) {
      try {
        // oxlint-disable-next-line no-await-in-loop -- one after the other: it happens when something changed
        for (const certificate of await this.#file(name, MAX_CA_BYTES, (content) =>
          this.#readAuthorities(content),
        ).get()) {
          const known = byFingerprint.get(certificate.sha256) ?? { certificate, names: [] }
          known.names.push(CA_FILE.exec(name)![1]!)
          byFingerprint.set(certificate.sha256, known)
        }
      } catch (error) {
        broken.push(name)
        if (this.#told.has(name)) continue
        this.#logger.error({ err: error, file: join(this.#path, name) }, 'a certificate authority cannot be read')
      }
    }
    this.#told = new Set(broken)
    return {
      stamp,
      readAt,
      files: Map.groupBy(files, (file) => file.split('.', 1)[0]!),
      broken,
      byName: new Map(
        [...Map.groupBy(byFingerprint.values(), nameOf)].map(([name, authorities]) => [name, together(authorities)]),
      ),
    }
  }

  #readAuthorities(content: Buffer): Certificate[] {
    const certificates = certificatesOfPem(content.toString('latin1')).map((der) => this.#reader.read(der))
    if (certificates.length === 0) throw new Error('there is no certificate in PEM form')
    return certificates
  }

  #unreadable(cause: unknown): CertificateUndecided {
    return new CertificateUndecided('authorities_unreadable', `the directory ${this.#path} cannot be read`, cause)
  }
}

const NAMESPACE_FILES: readonly (readonly [RegExp, (text: string) => NamespaceRule[]])[] = [
  [/^\.namespaces$/, readNamespaces],
  [/^\.signing_policy$/, readSigningPolicy],
]

function nameOf({ certificate }: Authority): string {
  return certificate.subject.key
}

/**
 * Certificates of one name share what lies beside them: a renewed authority is not free of the list that its older certificate's file
 * name leads to.
 */
function together(authorities: readonly Authority[]): readonly Authority[] {
  const names = [...new Set(authorities.flatMap((authority) => authority.names))]
  return authorities.map(({ certificate }) => ({ certificate, names }))
}

function readCrlFile(content: Buffer): Crl[] {
  const lists = crlsOfFile(content).map((der) => readCrl(der))
  if (lists.length === 0) throw new Error('there is no revocation list')
  return lists
}
