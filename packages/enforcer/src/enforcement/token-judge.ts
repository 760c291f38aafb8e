import {
  type ErrorCode,
  type KeySet,
  type KeySource,
  SciTokenError,
  UndecidedError,
  type VerifiedToken,
  verifyToken,
} from '@scitokens/core'
import { keySetOf, own } from '@scitokens/core/internal'
import type { Configuration } from './configuration.ts'
import { checkRevocation } from '../validation/revocation.ts'
import { ValidatedToken } from '../decision/validated-token.ts'
import type { VerdictCache } from '../verdicts/verdict-cache.ts'

/** What is known of a token, and under which circumstances it is true. */
export interface Verdict {
  /** The token, or why it will never be acceptable under the same circumstances. */
  readonly outcome: ValidatedToken | SciTokenError
  readonly issuer: string
  readonly kid: string | undefined
  readonly keySet: KeySet
  readonly configuration: Configuration
}

/**
 * Turns text into a validated token, by verification and validation or by remembering them.
 *
 * Whatever can change is judged at every use: the times, the key set's identity, revocation and the site's own validators. A
 * verdict holds only what follows from the token, the key set and the configuration alone.
 */
export function judgeToken(
  text: string,
  configuration: Configuration,
  cache: VerdictCache<Verdict> | undefined,
  signal: AbortSignal | undefined,
): ValidatedToken | Promise<ValidatedToken> {
  if (signal?.aborted) throw new UndecidedError('aborted', 'the caller stopped waiting', { cause: signal.reason })
  // What is too long is refused by verification, unread.
  if (!cache || typeof text !== 'string' || text.length > configuration.maxTokenLength) {
    return judgeUnremembered(text, configuration, signal)
  }
  const known = cache.find(text)
  if (known === undefined || known.configuration !== configuration) {
    return judgeAfresh(text, { configuration, cache, signal })
  }
  const keySet = keySetOf(known.issuer, known.kid, signal ? { keys: configuration.keys, signal } : configuration)
  if (keySet === known.keySet) return use(known, text, configuration, cache)
  return judgeUnder(keySet, known, text, { configuration, cache, signal })
}

/** What a question that has to wait carries along. */
interface Call {
  readonly configuration: Configuration
  readonly cache: VerdictCache<Verdict>
  readonly signal: AbortSignal | undefined
}

async function judgeUnremembered(
  text: string,
  configuration: Configuration,
  signal: AbortSignal | undefined,
): Promise<ValidatedToken> {
  return admit(judgeClaims(await verify(text, configuration, configuration.keys, signal), configuration), configuration)
}

/** A verdict whose key set has to be waited for, or is another one by now. */
async function judgeUnder(
  keySet: KeySet | Promise<KeySet>,
  known: Verdict,
  text: string,
  call: Call,
): Promise<ValidatedToken> {
  const { configuration, cache } = call
  if ((await keySet) === known.keySet) return use(known, text, configuration, cache)
  cache.delete(text)
  return judgeAfresh(text, call)
}

function use(
  { outcome }: Verdict,
  text: string,
  configuration: Configuration,
  cache: VerdictCache<Verdict>,
): ValidatedToken | Promise<ValidatedToken> {
  if (!(outcome instanceof ValidatedToken)) throw outcome
  try {
    return admit(outcome, configuration)
  } catch (error) {
    if (outcome.hasExpired()) cache.delete(text)
    throw error
  }
}

async function judgeAfresh(text: string, { configuration, cache, signal }: Call): Promise<ValidatedToken> {
  const watched = new WatchedKeys(configuration.keys)
  const remember = (outcome: ValidatedToken | SciTokenError): void => {
    const { issuer, kid, keySet } = watched
    // Only what was judged under a key set can become void with it.
    if (issuer === undefined || keySet === undefined) return
    cache.set(text, { outcome, issuer, kid, keySet, configuration })
  }
  let token: ValidatedToken
  try {
    token = judgeClaims(await verify(text, configuration, watched, signal), configuration)
  } catch (error) {
    if (error instanceof SciTokenError && isForEver(error)) remember(error)
    throw error
  }
  if (!token.hasExpired()) remember(token)
  return admit(token, configuration)
}

function verify(
  text: string,
  { issuerNames, algorithms, requireKid, maxTokenLength, chains }: Configuration,
  keys: KeySource,
  signal: AbortSignal | undefined,
): Promise<VerifiedToken> {
  return verifyToken(text, {
    keys,
    issuers: issuerNames,
    algorithms,
    requireKid,
    chains,
    maxLength: maxTokenLength,
    ...(signal && { signal }),
  })
}

/** What follows from a verified token and the configuration alone. */
export function judgeClaims(verified: VerifiedToken, { issuers, validator }: Configuration): ValidatedToken {
  const jurisdiction = issuers.get(verified.issuer)!
  return new ValidatedToken(verified, validator.readClaims(verified, jurisdiction.rules.audience), jurisdiction)
}

/** What is judged at every use. Gives the token itself where nobody has to be waited for. */
export function admit(
  token: ValidatedToken,
  { validator, revocation }: Configuration,
): ValidatedToken | Promise<ValidatedToken> {
  token.checkNow()
  const judging = validator.hasOwnValidators ? validator.runOwnValidators(token.verified, validator.clock()) : undefined
  const asking = revocation && askRevocation(token, revocation, judging)
  if (!judging && !asking) return token
  return Promise.all([judging ?? Promise.resolve(), asking ?? Promise.resolve()]).then(() => token)
}

function askRevocation(
  { issuer, subject, verified }: ValidatedToken,
  revocation: NonNullable<Configuration['revocation']>,
  judging: Promise<void> | undefined,
): Promise<void> | undefined {
  // A revoked link ends the whole chain.
  const links = verified.links ?? [verified.claims]
  const asked: Promise<void>[] = []
  try {
    for (const claims of links) {
      const jti = own(claims, 'jti')
      const tokenId = typeof jti === 'string' ? jti : undefined
      const asking = checkRevocation(revocation, { issuer, tokenId, subject, claims })
      if (asking) asked.push(asking)
    }
  } catch (error) {
    // The answers of the others are not waited for any more.
    for (const pending of [judging, ...asked]) pending?.catch(() => {})
    throw error
  }
  return asked.length === 0 ? undefined : Promise.all(asked).then(() => undefined)
}

/**
 * Refusals that follow from the token, the key set and the configuration. Never `key_not_found` (the source may find it
 * next time), a time, a revocation, or anything undecided.
 */
const FOR_EVER: ReadonlySet<ErrorCode> = new Set([
  'bad_signature',
  'missing_claim',
  'invalid_claim',
  'unknown_claim',
  'profile_mismatch',
  'lifetime_too_long',
  'aud_mismatch',
  'proof_missing',
  'invalid_scope',
])

function isForEver({ family, code }: SciTokenError): boolean {
  return family === 'not_acceptable' && FOR_EVER.has(code)
}

/** Passes questions on and remembers under which key set the answer was found. */
class WatchedKeys implements KeySource {
  readonly #keys: KeySource
  issuer: string | undefined
  kid: string | undefined
  keySet: KeySet | undefined

  constructor(keys: KeySource) {
    this.#keys = keys
  }

  getKeySet(...[issuer, hint]: Parameters<KeySource['getKeySet']>): KeySet | Promise<KeySet> {
    this.issuer = issuer
    this.kid = hint.kid
    const answer = this.#keys.getKeySet(issuer, hint)
    return answer instanceof Promise ? answer.then((keySet) => (this.keySet = keySet)) : (this.keySet = answer)
  }
}
