import type { Path } from './paths.ts'
import { nameOf, type Scope } from './scope.ts'

const [SPACE, DOT, SLASH, COLON] = [0x20, 0x2e, 0x2f, 0x3a] as const

// What a letter is. A component that is empty or begins with a dot is looked at twice, as is every letter that is not plain.
const SUSPICIOUS = 1
const IS_SLASH = 2
const IS_DOT = 4
const KINDS: Uint8Array = Uint8Array.from({ length: 128 }, (_, code) => {
  if (code === SLASH) return IS_SLASH
  if (code === DOT) return IS_DOT
  return /[A-Za-z0-9_~!$&'()*+,;=:@-]/.test(String.fromCharCode(code)) ? 0 : SUSPICIOUS
})
/** What must not come behind a slash. */
const NOT_FIRST = SUSPICIOUS | IS_SLASH | IS_DOT

/** What the scopes of a claim are collected in: each once, in order. */
export interface ScopeCollector {
  /** An item that is plain: `authz:/path` with nothing to decode, to collapse or to refuse. */
  plain(authz: string, path: Path, hash: number): void
  /** Any other item. */
  other(item: string): void
}

/**
 * Goes through a claim once, byte by byte, and tells its items. Every token costs this, some have hundreds of scopes, and nearly
 * all of those are plain; an expression for each would cost ten times as much.
 */
export function scanScopes(claim: string, collector: ScopeCollector): void {
  const bytes = asciiOf(claim)
  if (!bytes) {
    for (const item of claim.split(' ')) if (item !== '') collector.other(item)
    return
  }
  const names = new Names()
  const item = new ItemReader(bytes, claim.length)
  while (item.next()) {
    if (item.isPlain) {
      const authz = names.get(claim.slice(item.start, item.colon), item.authzHash)
      collector.plain(authz, claim.slice(item.colon + 1, item.end) as Path, item.hash)
    } else {
      collector.other(claim.slice(item.start, item.end))
    }
  }
}

/** Reads the items of a claim one after the other, and says of each where it stands and whether it is plain. */
class ItemReader {
  /** Where the item begins. */
  start = 0
  /** Where its first colon is, or its end where it has none. */
  colon = 0
  /** Behind its last letter. */
  end = 0
  /** The hash of its authorization. */
  authzHash = 0
  /** The hash of the whole item. */
  hash = 0
  /** Whether it is `authz:/path` with nothing to decode, to collapse or to refuse. */
  isPlain = false
  readonly #bytes: Uint8Array
  readonly #length: number

  constructor(bytes: Uint8Array, length: number) {
    this.#bytes = bytes
    this.#length = length
  }

  /** Goes on to the next item; false where there is none. */
  next(): boolean {
    this.#skipSpaces()
    if (this.start === this.#length) return false
    const isAuthzPlain = this.#readAuthz()
    const isPathPlain = this.#readPath()
    this.isPlain = isAuthzPlain && isPathPlain
    return true
  }

  #skipSpaces(): void {
    let at = this.end
    while (at < this.#length && this.#bytes[at] === SPACE) at++
    this.start = at
  }

  /** As far as a colon or a space. Plain is a name before a colon. */
  #readAuthz(): boolean {
    const bytes = this.#bytes
    let at = this.start
    let code = SPACE as number
    let hash = 0
    let suspicious = 0
    for (; at < this.#length && (code = bytes[at]!) !== COLON && code !== SPACE; at++) {
      suspicious |= KINDS[code]! & (SUSPICIOUS | IS_SLASH)
      hash = (Math.imul(hash, 31) + code) | 0
    }
    this.colon = at
    this.authzHash = hash
    return suspicious === 0 && code === COLON && at > this.start
  }

  /** From the colon to the item's end. Plain is an absolute path whose components are neither empty nor begin with a dot. */
  #readPath(): boolean {
    const bytes = this.#bytes
    let at = this.colon
    // Behind the end lies what another claim has left.
    let suspicious = at + 1 < this.#length && bytes[at + 1] === SLASH ? 0 : SUSPICIOUS
    let refused = SUSPICIOUS
    let code = SPACE as number
    let hash = this.authzHash
    for (; at < this.#length && (code = bytes[at]!) !== SPACE; at++) {
      const kind = KINDS[code]!
      suspicious |= kind & refused
      refused = (kind & IS_SLASH) === 0 ? SUSPICIOUS : NOT_FIRST
      hash = (Math.imul(hash, 31) + code) | 0
    }
    this.end = at
    this.hash = hash
    return suspicious === 0
  }
}

const encoder = new TextEncoder()
/** Enough for nearly every claim; it only holds something while a claim is read. */
const scratch = new Uint8Array(8192)

/** The bytes of a text that is ASCII. */
function asciiOf(text: string): Uint8Array | undefined {
  const bytes = text.length <= scratch.length ? scratch : new Uint8Array(text.length)
  const { read, written } = encoder.encodeInto(text, bytes)
  return read === text.length && written === read ? bytes : undefined
}

/** The hash that {@link scanScopes} tells, of any text. */
export function hashOf(text: string): number {
  let hash = 0
  for (let at = 0; at < text.length; at++) hash = (Math.imul(hash, 31) + text.charCodeAt(at)) | 0
  return hash
}

/** The few authorizations that many scopes share: one string for each, whose hash the engine knows already. */
class Names {
  readonly #known = new Map<number, string>()

  get(name: string, hash: number): string {
    const known = this.#known.get(hash)
    if (known === name) return known
    this.#known.set(hash, name)
    return name
  }
}

/** Scopes, each once. The hashes of their names spare the names themselves, until two hashes are the same. */
export class ScopeList {
  readonly scopes: Scope[] = []
  readonly #hashes = new Set<number>()
  #names: Set<string> | undefined

  add(scope: Scope, hash: number): void {
    const before = this.#hashes.size
    this.#hashes.add(hash)
    if (this.#names || this.#hashes.size === before) {
      this.#names ??= new Set(this.scopes.map(nameOf))
      const names = this.#names.size
      this.#names.add(nameOf(scope))
      if (this.#names.size === names) return
    }
    this.scopes.push(scope)
  }
}
