import { InvalidRequestError } from '../errors.ts'
import { coversPath, type Path } from './paths.ts'
import type { ProfileName } from './profiles.ts'
import { needsPath, type Scope } from './scope.ts'

/** How the names in a token's scope are understood. */
export interface CapabilityOptions {
  /** The rules that the token follows: only WLCG capabilities answer to other names. */
  readonly profile: ProfileName
  /**
   * Translate as scitokens-cpp does: `storage.create` grants `write` too, `compute.read` grants `condor:/READ`, and
   * `compute.create`, `.modify` and `.cancel` together grant `condor:/WRITE`. Default: false, the profile's meaning only.
   */
  readonly scitokensCppCompat?: boolean
}

/**
 * The authorizations that a WLCG capability answers to: its own name, what it includes (WLCG profile 1.3 section 2.2.1), and
 * the SciTokens words for the same. `storage.create` is never `write`: it must not overwrite. `storage.stage` is never `read`.
 */
const WLCG_GRANTS: Readonly<Record<string, readonly string[]>> = {
  'storage.read': ['storage.read', 'read'],
  'storage.create': ['storage.create', 'create'],
  'storage.modify': ['storage.modify', 'modify', 'storage.create', 'create', 'write'],
  'storage.stage': ['storage.stage', 'stage', 'storage.poll', 'poll'],
  'storage.poll': ['storage.poll', 'poll'],
}

/** A question put to a list of scopes. */
export interface Question {
  /** The part of a scope before the colon. */
  readonly authz: string
  /** Undefined only for authorizations that need none. */
  readonly path: Path | undefined
}

/** Checks the question itself. Throws `invalid_request`: an empty authorization is a mistake, never a "yes". */
export function checkQuestion({ authz, path }: Question): void {
  if (typeof authz !== 'string' || authz === '')
    throw new InvalidRequestError('invalid_request', 'no authorization was asked for')
  if (path === undefined && needsPath(authz))
    throw new InvalidRequestError('invalid_request', `${authz} cannot be asked for without a path`)
}

/** The first scope that answers the question with yes, or undefined. */
export function findGrant(scopes: readonly Scope[], question: Question, options: CapabilityOptions): Scope | undefined {
  checkQuestion(question)
  return (
    scopes.find((scope) => answersTo(scope, question.authz, options) && reaches(scope, question.path)) ??
    findCondorGrant((name) => scopes.find((scope) => scope.authz === name), question, options)
  )
}

/** Whether a scope goes by this name in its profile. */
export function answersTo(scope: Scope, authz: string, options: CapabilityOptions): boolean {
  return scope.authz === authz || namesOf(scope.authz, options).includes(authz)
}

/** Every name that an authorization goes by in its profile, its own included. */
export function namesOf(authz: string, { profile, scitokensCppCompat }: CapabilityOptions): readonly string[] {
  if (profile !== 'wlcg:1.x' || !Object.hasOwn(WLCG_GRANTS, authz)) return [authz]
  const names = WLCG_GRANTS[authz]!
  return scitokensCppCompat && authz === 'storage.create' ? [...names, 'write'] : names
}

function reaches(scope: Scope, path: Path | undefined): boolean {
  // A scope without path answers where no path is asked about; its own is how far it reaches: everything, or a site's part.
  return path === undefined ? !scope.hasPath : coversPath(scope.path, path)
}

/**
 * The scope that grants a HTCondor level where scitokens-cpp's translation is asked for.
 *
 * @param first - the first scope of an authorization.
 */
export function findCondorGrant(
  first: (authz: string) => Scope | undefined,
  { authz, path }: Question,
  { profile, scitokensCppCompat }: CapabilityOptions,
): Scope | undefined {
  if (!scitokensCppCompat || authz !== 'condor' || profile !== 'wlcg:1.x') return undefined
  if (path === '/READ') return first('compute.read')
  if (path !== '/WRITE') return undefined
  const all = ['compute.create', 'compute.modify', 'compute.cancel'].map(first)
  return all.every((scope) => scope !== undefined) ? all[0] : undefined
}

/** Whether capabilities decide for this token, or groups: capabilities win. WLCG profile 1.3 section 2.2.3. */
export function authorizationMode(scopes: readonly Scope[]): 'capability' | 'groups' {
  return scopes.some((scope) => /^(?:storage|compute)\./.test(scope.authz)) ? 'capability' : 'groups'
}
