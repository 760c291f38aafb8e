import {
  covers,
  coversPath,
  InvalidRequestError,
  parseScope,
  parseScopePath,
  parseScopes,
  type Scope,
} from '@scitokens/core'
import {
  choice,
  listOf,
  number,
  type OptionReaders,
  type Reader,
  readOptions,
  text as words,
  wrong,
} from '@scitokens/core/internal'
import type { AuditEvent } from './audit.ts'

/** What is looked for in the audit; every condition that is given must hold. */
export interface AuditQuery {
  /** Identifier of one token. */
  readonly jti?: string
  /** `jti` of the token that others were derived from, directly. */
  readonly parent?: string
  /** The refresh family: all tokens of one login. */
  readonly family?: string
  /** `jti` of a token: it and all that came of it, by exchange from token to token and by refresh of its family. */
  readonly derivedFrom?: string
  /** Lines about this client, by its id. */
  readonly client?: string
  /** Lines about this person or client. */
  readonly subject?: string
  /** Lines of this issuer. */
  readonly issuer?: string
  /** Lines about this grant, as `grant_type` names it. */
  readonly grant?: string
  /** Lines of this address. */
  readonly address?: string
  /** A certificate that was shown: its fingerprint (SHA-256, with colons or without), its serial number, or its name. */
  readonly certificate?: string
  /** Lines about tokens for this server, among others. */
  readonly audience?: string
  /** Of these kinds. */
  readonly events?: readonly string[]
  /** `issued`: tokens; `refused`: requests that got none, and logins; `other`: neither. */
  readonly outcome?: 'issued' | 'refused' | 'other'
  /** OAuth code of a refusal. */
  readonly error?: string
  /** A path such as `/store/ana`, or with an authorization `write:/store/ana`: tokens that covered it. */
  readonly allows?: string
  /** Seconds since the epoch: from then on. */
  readonly since?: number
  /** Seconds since the epoch: before then. */
  readonly until?: number
}

/** Text, also empty: what that means is said where it is looked for. */
const string: Reader<string> = (value, name) => {
  if (typeof value === 'string') return value
  throw wrong(name, 'text', value)
}
const texts = listOf(words, { empty: true })
const moment = number(0, Number.MAX_SAFE_INTEGER, 'seconds since the epoch')

const READERS: OptionReaders<AuditQuery> = {
  jti: words,
  parent: words,
  family: words,
  derivedFrom: words,
  client: words,
  subject: words,
  issuer: words,
  grant: words,
  address: words,
  certificate: string,
  audience: words,
  events: texts,
  outcome: choice('issued', 'refused', 'other'),
  error: words,
  allows: string,
  since: moment,
  until: moment,
}

const EQUAL = ['jti', 'parent', 'family', 'client', 'subject', 'issuer', 'grant', 'address', 'error'] as const

/**
 * A test for events, to be asked in the order in which they happened: `derivedFrom` follows the chain as it grows. Throws
 * `invalid_request` for what cannot be looked for, `config_error` for a condition that there is not: it would hold for everything.
 */
export function auditMatcher(asked: AuditQuery): (event: AuditEvent) => boolean {
  const query = readOptions(asked, READERS)
  const allows = query.allows === undefined ? undefined : readOperation(query.allows)
  const shows = query.certificate === undefined ? undefined : certificateMatcher(query.certificate)
  const derived = query.derivedFrom === undefined ? undefined : new Descendants(query.derivedFrom)
  return (event) => {
    // Asked for every event, whatever else is looked for: a link of the chain may lie outside.
    if (derived && !derived.includes(event)) return false
    if (EQUAL.some((key) => query[key] !== undefined && event[key] !== query[key])) return false
    if (query.since !== undefined && event.time < query.since) return false
    if (query.until !== undefined && event.time >= query.until) return false
    if (shows && !shows(event)) return false
    if (query.audience !== undefined && !event.audience?.includes(query.audience)) return false
    if (query.events && !query.events.includes(event.event)) return false
    if (query.outcome !== undefined && outcomeOf(event) !== query.outcome) return false
    return !allows || (event.event === 'token_issued' && event.scope !== undefined && allows(event.scope))
  }
}

function certificateMatcher(text: string): (event: AuditEvent) => boolean {
  const hex = text.replaceAll(':', '').toLowerCase()
  return ({ certificate, certificateDn, certificateSerial }) =>
    certificate === hex ||
    certificateDn === text ||
    (certificateSerial !== undefined && sameNumber(certificateSerial, hex))
}

/** Hexadecimal: some tools write zeros in front. */
function sameNumber(a: string, b: string): boolean {
  return a.replace(/^0+(?=.)/, '') === b.replace(/^0+(?=.)/, '')
}

function outcomeOf({ event }: AuditEvent): NonNullable<AuditQuery['outcome']> {
  if (event === 'token_issued') return 'issued'
  return event === 'token_refused' || event === 'login_refused' ? 'refused' : 'other'
}

/** A token and what came of it. */
class Descendants {
  readonly #tokens: Set<string>
  readonly #families = new Set<string>()

  constructor(jti: string) {
    this.#tokens = new Set([jti])
  }

  includes({ jti, parent, family }: AuditEvent): boolean {
    const member =
      (jti !== undefined && this.#tokens.has(jti)) ||
      (parent !== undefined && this.#tokens.has(parent)) ||
      (family !== undefined && this.#families.has(family))
    if (!member) return false
    if (jti !== undefined) this.#tokens.add(jti)
    if (family !== undefined) this.#families.add(family)
    return true
  }
}

/** Whether a scope claim covers an operation: by the same path algebra that decides on access. */
function readOperation(text: string): (scope: string) => boolean {
  try {
    if (text.startsWith('/')) {
      const path = parseScopePath(text)
      return (scope) => scopesOf(scope).some((item) => coversPath(item.path, path))
    }
    const asked = parseScope(text)
    return (scope) => scopesOf(scope).some((item) => covers(item, asked))
  } catch (cause) {
    throw new InvalidRequestError(
      'invalid_request',
      `${JSON.stringify(text)} is neither a path nor a scope such as write:/store`,
      {
        cause,
      },
    )
  }
}

function scopesOf(scope: string): readonly Scope[] {
  try {
    return parseScopes(scope).scopes
  } catch {
    return []
  }
}
