import {
  type CapabilityOptions,
  findPermission,
  findOperationPermission,
  formatScope,
  type JsonObject,
  NotAllowedError,
  type OperationRequest,
  type Path,
  type ProfileName,
  type RequestPathOptions,
  SciTokenError,
  type Scope,
  type VerifiedToken,
} from '@scitokens/core'
import {
  authorizationMode,
  authorizationsFor,
  PermissionIndex,
  needsPath,
  own,
  parseGroups,
  profileRules,
} from '@scitokens/core/internal'
import { type Decision, refused, sentenceOf } from './decision.ts'
import { type IssuerRules, type Jurisdiction, pathBelow } from '../issuers/issuer-rules.ts'
import {
  type AuthorizationQuestion,
  type OperationQuestion,
  type ReadOperationQuestion,
  type ReadQuestion,
  readOperationQuestion,
  readQuestion,
} from './question.ts'
import { checkTimes, type ValidatedClaims } from '../validation/standard-claims.ts'

/** An entry of an access control list: an authorization and where it holds. */
export type AclEntry = readonly [authz: string, path: string]

/**
 * A token that is authentic and whose claims hold here. Immutable. Its times are read again at every question, so that an
 * object that is kept does not outlive the token.
 */
export class ValidatedToken {
  /** The protected header, frozen. */
  readonly header: JsonObject
  /** All claims, frozen; of a chain without the one that the site reads groups from. */
  readonly claims: JsonObject
  /** Who issued the token: `iss`. */
  readonly issuer: string
  /** Whom the token speaks for: `sub`. */
  readonly subject: string | undefined
  /** The name of the token itself: `jti`. */
  readonly tokenId: string | undefined
  /** Which rules the token follows. */
  readonly profile: ProfileName
  /** When the token expires, in seconds since the epoch. */
  readonly expiresAt: number
  /** What the token grants, in the order of the claim, in the server's namespace: below the issuer's base path. */
  readonly scopes: readonly Scope[]
  /** Groups of this issuer, in the order given; empty where the claim is missing, and for a chain: it carries no groups. */
  readonly groups: readonly string[]
  /** Whether capabilities decide or groups: capabilities win. WLCG profile 1.3 section 2.2.3. */
  readonly mode: 'capability' | 'groups'
  readonly #times: ValidatedClaims
  readonly #jurisdiction: Jurisdiction
  readonly #capabilities: CapabilityOptions
  readonly #selectors: readonly string[]
  readonly #verified: VerifiedToken
  /** Of the claim, whether they count or not. */
  readonly #namedGroups: readonly string[]
  #index: PermissionIndex | undefined
  #wasAsked = false
  #told: { readonly scope: Scope; readonly sentence: string } | undefined

  /** @internal Puts together what was verified, what was validated, and what the site grants the issuer. */
  constructor(verified: VerifiedToken, claims: ValidatedClaims, jurisdiction: Jurisdiction) {
    const { rules } = jurisdiction
    this.#verified = verified
    this.header = verified.header
    this.issuer = verified.issuer
    this.profile = verified.profile
    this.subject = claims.subject
    this.tokenId = claims.tokenId
    this.expiresAt = claims.expiresAt
    // Where the site makes no use of groups, `wlcg.groups` in a SciToken is an unknown claim, which 2.0 ignores.
    const hasGroups = rules.groupsInEveryProfile || profileRules(verified.profile).hasGroups
    const groups = hasGroups ? own(verified.claims, rules.groupsClaim) : undefined
    this.#namedGroups = groups === undefined ? [] : parseGroups(groups)
    // Who hands a child on hands on what its scope says, never who they are: a child with less scope than its
    // parent must not live on the parent's groups instead.
    const isChain = verified.links !== undefined
    this.groups = isChain ? [] : this.#namedGroups
    this.claims = isChain && groups !== undefined ? without(verified.claims, rules.groupsClaim) : verified.claims
    this.mode = isChain ? 'capability' : authorizationMode(claims.scope.scopes)
    const ofGroups = this.#scopesOfGroups(claims.scope.scopes, rules)
    this.scopes = rules.place(ofGroups.length === 0 ? claims.scope.scopes : [...claims.scope.scopes, ...ofGroups])
    this.#times = claims
    this.#jurisdiction = jurisdiction
    this.#capabilities = { profile: verified.profile, scitokensCppCompat: jurisdiction.scitokensCppCompat }
    this.#selectors = claims.scope.selectors
  }

  /** Whether the token allows this now. False too for a question that makes no sense; {@link decide} tells why. */
  can(authz: string, path?: string, options?: RequestPathOptions): boolean {
    return this.decide({ authz, ...(path !== undefined && { path }), ...options }).allowed
  }

  /** Whether the token allows this now, and why. Never throws. */
  decide(question: AuthorizationQuestion): Decision<ValidatedToken> {
    try {
      return this.judge(readQuestion(question, this.#jurisdiction))
    } catch (error) {
      return this.#refusal(error)
    }
  }

  /** Whether the token lets a storage operation be done now, and why. Never throws. */
  decideOperation(question: OperationQuestion): Decision<ValidatedToken> {
    try {
      return this.judgeOperation(readOperationQuestion(question, this.#jurisdiction))
    } catch (error) {
      return this.#refusal(error)
    }
  }

  /** @internal The same for a question that was read already. Throws only for the times. */
  judge(question: ReadQuestion): Decision<ValidatedToken> {
    this.checkNow()
    const permission = this.#find(question)
    return permission ? this.#allowed(permission, question.path) : this.#denied([question.authz], question.path)
  }

  /** @internal The same for a storage operation. */
  judgeOperation({ operation, path, to }: ReadOperationQuestion): Decision<ValidatedToken> {
    this.checkNow()
    const reachable = this.#isBelowBase(path) && (to === undefined || this.#isBelowBase(to))
    const permission = reachable ? this.#findOperation({ operation, path, ...(to && { to }) }) : undefined
    if (permission) return this.#allowed(permission, path)
    return this.#denied(authorizationsFor(operation === 'rename' ? 'createFile' : operation), path)
  }

  /** Whether the holder is in this group of the issuer, exactly: no group implies another. {@link decideGroup} tells why not. */
  inGroup(group: string): boolean {
    return this.decideGroup(group).allowed
  }

  /** Whether the holder is in this group of the issuer, and why. Never throws. */
  decideGroup(group: string): Decision<ValidatedToken> {
    try {
      this.checkNow()
      if (this.groups.includes(group)) {
        return this.#allowed({ authz: 'wlcg.groups', path: group as Path, hasPath: true }, undefined)
      }
      const why = this.#verified.links
        ? 'a token chain carries no groups'
        : 'the holder of the token is not in this group'
      const error = new NotAllowedError('group_denied', why, {
        claim: this.#jurisdiction.rules.groupsClaim,
        expected: group,
        issuer: this.issuer,
      })
      return refused(error, { token: this })
    } catch (error) {
      return this.#refusal(error)
    }
  }

  /**
   * Whether the token speaks for a host: the capability `host.auth` *and* the subject `host:NAME`; neither is enough alone.
   * WLCG profile 1.3 section 2.2.1. Names are compared without case. {@link decideHost} tells why not.
   */
  speaksForHost(host: string): boolean {
    return this.decideHost(host).allowed
  }

  /** Whether the token speaks for a host, and why. Never throws. */
  decideHost(host: string): Decision<ValidatedToken> {
    try {
      this.checkNow()
      const permission = this.#find({ authz: 'host.auth', path: undefined })
      const subject = this.subject?.startsWith('host:') ? this.subject.slice(5).toLowerCase() : undefined
      return permission && host !== '' && subject === host.toLowerCase()
        ? this.#allowed(permission, undefined)
        : this.#denied(['host.auth'], undefined)
    } catch (error) {
      return this.#refusal(error)
    }
  }

  /** What the token grants, as pairs, in the order of the claim; WLCG names are kept as they are. Throws `expired`. */
  acls(): readonly AclEntry[] {
    this.checkNow()
    return this.scopes.map(({ authz, path }) => [authz, path])
  }

  /** The local account of the site's mapping, for a request's path. */
  userFor(path: Path | undefined): string | undefined {
    const { mapper, basePaths } = this.#jurisdiction.rules
    if (!mapper) return undefined
    const below = path === undefined ? undefined : pathBelow(basePaths, path)
    return mapper({
      subject: this.subject,
      groups: this.#namedGroups,
      groupsAreVoid: this.#verified.links !== undefined,
      claims: this.claims,
      path: below,
    })
  }

  /** Scope items that grant nothing by themselves: `openid`, `wlcg.groups:/cms`. */
  get selectors(): readonly string[] {
    return this.#selectors
  }

  /** Reads the times again. Throws `expired`, `not_yet_valid`. */
  checkNow(): void {
    checkTimes(this.#times, this.#jurisdiction.clock(), this.#jurisdiction.clockTolerance)
  }

  /** Whether the token has expired by now. */
  hasExpired(): boolean {
    return !(this.#jurisdiction.clock() < this.expiresAt)
  }

  /** @internal Whether it was judged under these rules. */
  isUnder(jurisdiction: Jurisdiction | undefined): boolean {
    return this.#jurisdiction === jurisdiction
  }

  /** How the token was verified. */
  get verified(): VerifiedToken {
    return this.#verified
  }

  /** What makes no sense, or has expired, is an answer too. */
  #refusal(error: unknown): Decision<ValidatedToken> {
    if (error instanceof SciTokenError) return refused(error, { token: this })
    throw error
  }

  #find(question: ReadQuestion): Scope | undefined {
    const index = this.#indexOfScopes()
    return index ? index.find(question) : findPermission(this.scopes, question, this.#capabilities)
  }

  #findOperation(request: OperationRequest): Scope | undefined {
    const index = this.#indexOfScopes()
    return index ? index.findOperation(request) : findOperationPermission(this.scopes, request, this.#capabilities)
  }

  /** Made when it is asked for the second time: many tokens are asked one thing, and going through the scopes once is quicker. */
  #indexOfScopes(): PermissionIndex | undefined {
    if (this.#wasAsked) return (this.#index ??= new PermissionIndex(this.scopes, this.#capabilities))
    this.#wasAsked = true
    return undefined
  }

  /** A token that is kept is asked for the same again and again. */
  #sentenceOf(scope: Scope): string {
    if (this.#told?.scope !== scope) this.#told = { scope, sentence: sentenceOf(scope) }
    return this.#told.sentence
  }

  /** A missing parent of the issuer's area is not in it. */
  #isBelowBase(path: Path): boolean {
    return pathBelow(this.#jurisdiction.rules.basePaths, path) !== undefined
  }

  #allowed(grantedBy: Scope, normalizedPath: Path | undefined): Decision<ValidatedToken> {
    return {
      allowed: true,
      reason: this.#sentenceOf(grantedBy),
      grantedBy,
      normalizedPath,
      missing: [],
      issuer: this.issuer,
      subject: this.subject,
      user: this.userFor(normalizedPath),
      token: this,
    }
  }

  #denied(names: readonly string[], path: Path | undefined): Decision<ValidatedToken> {
    const missing = names.map((authz) =>
      formatScope({ authz, path: path ?? ('/' as Path), hasPath: path !== undefined }),
    )
    const error = new NotAllowedError('scope_denied', `the token has no scope that allows ${missing.join(' or ')}`, {
      claim: 'scope',
      expected: missing,
      issuer: this.issuer,
    })
    return refused(error, { missing, normalizedPath: path, token: this })
  }

  /** What the site grants to the token's groups; nothing where the token has a capability of its own. */
  #scopesOfGroups(capabilities: readonly Scope[], rules: IssuerRules): readonly Scope[] {
    if (this.groups.length === 0 || this.mode === 'capability' || capabilities.some(({ authz }) => needsPath(authz)))
      return []
    return this.groups.flatMap((group) => rules.groups.get(group) ?? [])
  }
}

function without(claims: JsonObject, name: string): JsonObject {
  return Object.freeze(Object.fromEntries(Object.entries(claims).filter(([claim]) => claim !== name)))
}
