import type { Path } from './paths.ts'
import type { Scope } from './scopes.ts'

/** A letter that needs a second look, in a scope or its path. */
const SUSPICIOUS = 1
const LOOKS: Uint8Array = Uint8Array.from({ length: 128 }, (_, code) =>
  /[A-Za-z0-9_~!$&'()*+,;=:@./-]/.test(String.fromCharCode(code)) ? 0 : SUSPICIOUS,
)
/** Hashes stay integers that engines keep without a box. */
const SMALL = 0x3fffffff
const [SPACE, DOT, SLASH, COLON] = [0x20, 0x2e, 0x2f, 0x3a] as const

/** What the scopes of a claim are collected in: each once, in order. */
export interface ScopeCollector {
  /** An item that is plain: `authz:/path` with nothing to decode, to collapse or to refuse. */
  plain(authz: string, path: Path, hash: number): void
  /** Any other item. */
  other(item: string): void
}

/**
 * Goes through a claim once, letter by letter, and tells its items. Every token costs this, some have hundreds of scopes, and
 * nearly all of those are plain; an expression for each would cost ten times as much.
 */
export function scanScopes(claim: string, collector: ScopeCollector): void {
  const authz = new Names(claim)
  let start = 0
  let colon = -1
  let looks = 0
  let hash = 0
  let authzHash = 0
  let before = 0
  for (let at = 0; at <= claim.length; at++) {
    const code = at < claim.length ? claim.charCodeAt(at) : SPACE
    if (code === SPACE) {
      if (at > start) {
        if (looks === 0 && colon > start && claim.charCodeAt(colon + 1) === SLASH) {
          collector.plain(authz.get(start, colon, authzHash), claim.slice(colon + 1, at) as Path, hash)
        } else collector.other(claim.slice(start, at))
      }
      start = at + 1
      colon = -1
      looks = 0
      hash = 0
    } else {
      if (code === COLON && colon === -1) {
        colon = at
        authzHash = hash
      }
      // "//" is collapsed, "/." may begin a dot segment.
      looks |= code < 128 ? LOOKS[code]! : SUSPICIOUS
      if (before === SLASH && (code === SLASH || code === DOT)) looks |= SUSPICIOUS
      hash = (Math.imul(hash, 31) + code) & SMALL
    }
    before = code
  }
}

/** The hash that {@link scanScopes} tells, of any text. */
export function hashOf(text: string): number {
  let hash = 0
  for (let at = 0; at < text.length; at++) hash = (Math.imul(hash, 31) + text.charCodeAt(at)) & SMALL
  return hash
}

/** The few authorizations that many scopes share, cut out of the claim once each. */
class Names {
  readonly #claim: string
  readonly #known = new Map<number, string>()

  constructor(claim: string) {
    this.#claim = claim
  }

  get(start: number, end: number, hash: number): string {
    const known = this.#known.get(hash)
    if (known?.length === end - start && this.#claim.startsWith(known, start)) return known
    const name = this.#claim.slice(start, end)
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

/** One text for each scope: no authorization has a colon. */
export function nameOf({ authz, path, hasPath }: Scope): string {
  return hasPath ? `${authz}:${path}` : authz
}
