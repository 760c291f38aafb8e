import { type JsonObject, SciTokenError, TokenNotAcceptableError, UndecidedError } from '@scitokens/core'
import { having, wrong } from '@scitokens/core/internal'

/** What a revocation list is asked about. The claims are verified. */
export interface RevocationQuestion {
  /** The token's `iss`. */
  readonly issuer: string
  /** `jti`; a token without one can only be revoked by other claims. */
  readonly tokenId: string | undefined
  /** Whom the token speaks for: `sub`. */
  readonly subject: string | undefined
  /** All of its claims, verified. */
  readonly claims: JsonObject
}

/** Whether a token has been revoked. Asked at every use; an exception means "could not decide", never "good". */
export type Revocation = ((question: RevocationQuestion) => boolean | Promise<boolean>) | RevocationList

/** A list of revoked tokens. */
export interface RevocationList {
  /** Whether this token is revoked. A failure leaves the question undecided; it is never a "no". */
  isRevoked(question: RevocationQuestion): boolean | Promise<boolean>
}

/** A list of revoked `jti`s, for one issuer or for all. */
export class DenyList implements RevocationList {
  #anyIssuer: ReadonlySet<string> = new Set()
  #byIssuer: ReadonlyMap<string, ReadonlySet<string>> = new Map()

  /** @param entries - a `jti`, or `[issuer, jti]`: two issuers may use the same one. Throws `config_error` for anything else. */
  constructor(entries: Iterable<string | readonly [issuer: string, jti: string]> = []) {
    this.replace(entries)
  }

  /** Replaces the whole list at once. Throws `config_error`, and changes nothing, for entries that are none. */
  replace(entries: Iterable<string | readonly [issuer: string, jti: string]>): void {
    const anyIssuer = new Set<string>()
    const byIssuer = new Map<string, Set<string>>()
    // Text can be gone through too, letter by letter.
    if (typeof entries === 'string') throw wrong('entries', 'a list', entries)
    for (const entry of entries) {
      if (!isEntry(entry)) throw wrong('entries', 'a list of jti, or of [issuer, jti]', entry)
      if (typeof entry === 'string') anyIssuer.add(entry)
      else byIssuer.set(entry[0], (byIssuer.get(entry[0]) ?? new Set()).add(entry[1]))
    }
    this.#anyIssuer = anyIssuer
    this.#byIssuer = byIssuer
  }

  /** Whether the `jti` is on the list. */
  isRevoked({ issuer, tokenId }: Pick<RevocationQuestion, 'issuer' | 'tokenId'>): boolean {
    if (tokenId === undefined) return false
    return this.#anyIssuer.has(tokenId) || (this.#byIssuer.get(issuer)?.has(tokenId) ?? false)
  }
}

function isEntry(entry: unknown): boolean {
  const isText = (part: unknown): boolean => typeof part === 'string' && part !== ''
  return isText(entry) || (Array.isArray(entry) && entry.length === 2 && entry.every(isText))
}

/** Asks a revocation hook. Throws `revoked`, or `undecided` where it fails. Nothing is returned where it answers at once. */
export function checkRevocation(hook: Revocation, question: RevocationQuestion): Promise<void> | undefined {
  let answer: boolean | Promise<boolean>
  try {
    answer = typeof hook === 'function' ? hook(question) : hook.isRevoked(question)
  } catch (error) {
    return failed(error)
  }
  if (answer instanceof Promise) return answer.then(judge, failed)
  return judge(answer)
}

/** Reads the option. Throws `config_error`. */
export function readRevocation(value: unknown, name: string): Revocation {
  if (typeof value === 'function') return value as Revocation
  return having<RevocationList>('isRevoked', 'a function or an object with isRevoked')(value, name)
}

function judge(revoked: unknown): undefined {
  if (revoked === false) return undefined
  if (revoked === true)
    throw new TokenNotAcceptableError('revoked', 'the token has been revoked', { reason: 'revoked' })
  throw new UndecidedError('undecided', 'the revocation list did not answer yes or no')
}

function failed(error: unknown): never {
  // A broken list is nobody's bad token, and no reason to restart the server.
  if (error instanceof SciTokenError && error.family !== 'config') throw error
  throw new UndecidedError('undecided', 'the revocation list could not be asked', { cause: error })
}
