import { type BigIntStats, readFileSync, statSync } from 'node:fs'
import { number, type OptionReaders, readOptions } from '@scitokens/core/internal'
import { DenyList, type RevocationList, type RevocationQuestion } from '../validation/revocation.ts'
import { badFile } from './site-file.ts'

/** Options of {@link DenyListFile}. */
export interface DenyListFileOptions {
  /**
   * Milliseconds for which the file is taken as unchanged. Default: 0, it is looked at whenever a token is used; say more
   * where it lies on a network.
   */
  readonly checkIntervalMs?: number
}

const READERS: OptionReaders<DenyListFileOptions> = {
  checkIntervalMs: number(0, Number.MAX_SAFE_INTEGER, 'milliseconds'),
}

/**
 * Revoked tokens from a file, one on a line: a `jti`, or an issuer, white space and a `jti`. `#` begins a comment. Changes count
 * at once. A file that cannot be read, or makes no sense, lets nothing pass: the answer is "could not decide".
 */
export class DenyListFile implements RevocationList {
  readonly #file: string
  readonly #intervalMs: number
  #list = new DenyList()
  #state = ''
  #checkedAt = -Infinity

  private constructor(file: string, intervalMs: number) {
    this.#file = file
    this.#intervalMs = intervalMs
  }

  /** Reads the file. Throws `config_error` for one that cannot be read or makes no sense, and for such options. */
  static open(file: string, options: DenyListFileOptions = {}): DenyListFile {
    const { checkIntervalMs = 0 } = readOptions<DenyListFileOptions>(options, READERS)
    const list = new DenyListFile(file, checkIntervalMs)
    list.#refresh()
    return list
  }

  /** Whether the `jti` is on the list, as the file has it now. */
  isRevoked(question: RevocationQuestion): boolean {
    this.#refresh()
    return this.#list.isRevoked(question)
  }

  #refresh(): void {
    const now = performance.now()
    if (now - this.#checkedAt < this.#intervalMs) return
    try {
      const state = describe(statSync(this.#file, { bigint: true }))
      if (state !== this.#state) {
        this.#list = new DenyList(readEntries(readFileSync(this.#file, 'utf8'), this.#file))
        this.#state = state
      }
    } catch (error) {
      this.#state = ''
      throw badFile(
        { file: this.#file, line: undefined },
        error instanceof Error ? error.message : 'cannot be read',
        error,
      )
    }
    this.#checkedAt = now
  }
}

/** What changes when a file is rewritten or replaced. */
function describe({ ino, size, mtimeNs, ctimeNs }: BigIntStats): string {
  return `${ino}:${size}:${mtimeNs}:${ctimeNs}`
}

function readEntries(text: string, file: string): (string | readonly [string, string])[] {
  const entries: (string | readonly [string, string])[] = []
  for (const [index, content] of text.split(/\r?\n/).entries()) {
    const words = content
      .replace(/(?:^|\s)#.*$/, '')
      .trim()
      .split(/\s+/)
    if (words[0] === '') continue
    if (words.length > 2) throw badFile({ file, line: index + 1 }, 'has more than an issuer and a jti')
    entries.push(words.length === 1 ? words[0]! : [words[0]!, words[1]!])
  }
  return entries
}
