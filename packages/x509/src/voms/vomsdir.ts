import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { normaliseDn } from '@scitokens/core/internal'
import { WatchedFile } from '@scitokens/host/files'
import { CertificateRefused, CertificateUndecided } from '../errors.ts'

/** Names of a VOMS server's certificate, its issuer, and so on upwards. */
export type LscChain = readonly string[]

const MAX_BYTES = 65_536

/** A `vomsdir` as grid sites have it: `<vo>/<host>.lsc` says by whose certificate a VOMS server of a VO is known. */
export class VomsDirectory {
  readonly #path: string
  readonly #files = new Map<string, WatchedFile<readonly LscChain[]>>()

  constructor(path: string) {
    this.#path = path
  }

  /** Finds out early that the directory is not there. Throws {@link CertificateUndecided}. */
  async check(): Promise<void> {
    if (await this.#exists('.')) return
    throw new CertificateUndecided('vomsdir_unreadable', `the directory ${this.#path} is not there`)
  }

  /** The chains of a server. `vo` and `host` are plain names. Throws {@link CertificateRefused} and {@link CertificateUndecided}. */
  async chains(vo: string, host: string): Promise<readonly LscChain[]> {
    await this.check()
    if (!(await this.#exists(vo))) throw new CertificateRefused('voms_unknown_vo', `the VO ${vo} is not known here`)
    const name = join(vo, `${host}.lsc`)
    if (!(await this.#exists(name))) {
      throw new CertificateRefused('voms_unknown_server', `${host} is no VOMS server of ${vo} that is known here`)
    }
    const path = join(this.#path, name)
    let file = this.#files.get(name)
    if (!file) this.#files.set(name, (file = new WatchedFile({ path, maxBytes: MAX_BYTES, parse: readLsc })))
    try {
      return await file.get()
    } catch (cause) {
      throw new CertificateUndecided('vomsdir_unreadable', `the file ${path} cannot be read`, cause)
    }
  }

  async #exists(name: string): Promise<boolean> {
    const path = join(this.#path, name)
    try {
      await stat(path)
      return true
    } catch (cause) {
      const { code } = cause as NodeJS.ErrnoException
      if (code === 'ENOENT' || code === 'ENOTDIR') return false
      throw new CertificateUndecided('vomsdir_unreadable', `${path} cannot be read`, cause)
    }
  }
}

/** Chains of names, one name in each line, separated by lines such as `------ NEXT CHAIN ------`. Throws for anything else. */
export function readLsc(content: Buffer): readonly LscChain[] {
  const chains: string[][] = [[]]
  for (const line of content.toString('utf8').split(/\r?\n/)) {
    const text = line.trim()
    if (text === '' || text.startsWith('#')) continue
    if (/^-+\s*NEXT CHAIN\s*-+$/i.test(text)) chains.push([])
    else if (text.startsWith('/')) chains.at(-1)!.push(normaliseDn(text))
    else throw new Error(`the line ${JSON.stringify(text.slice(0, 80))} is no name`)
  }
  // A server's name alone would leave open which authority may issue it.
  if (chains.some((chain) => chain.length < 2)) throw new Error('a chain has the name of a server and no issuer')
  return chains
}
