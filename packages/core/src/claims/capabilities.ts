import { InvalidRequestError } from '../errors.ts'
import { coversPath, type Path } from './paths.ts'
import { type ProfileName, profileRules } from './profile-rules.ts'
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

/** A question put to a list of scopes. */
export interface Question {
  /** The authorization that is asked for: what stands before the colon of a scope, such as `read`. */
  readonly authz: string
  /** The path that is asked for, as `parseRequestPath` gives it; undefined only for authorizations that need none. */
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
export function findPermission(
  scopes: readonly Scope[],
  question: Question,
  options: CapabilityOptions,
): Scope | undefined {
  checkQuestion(question)
  return (
    scopes.find((scope) => answersTo(scope, question.authz, options) && reaches(scope, question.path)) ??
    findCondorPermission((name) => scopes.find((scope) => scope.authz === name), question, options)
  )
}

/** Whether a scope goes by this name in its profile. */
export function answersTo(scope: Scope, authz: string, options: CapabilityOptions): boolean {
  return scope.authz === authz || namesOf(scope.authz, options).includes(authz)
}

/** Every name that an authorization goes by in its profile, its own included. */
export function namesOf(authz: string, { profile, scitokensCppCompat }: CapabilityOptions): readonly string[] {
  const { grants, grantsInCpp } = profileRules(profile)
  const names = Object.hasOwn(grants, authz) ? grants[authz]! : [authz]
  return scitokensCppCompat && Object.hasOwn(grantsInCpp, authz) ? [...names, ...grantsInCpp[authz]!] : names
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
export function findCondorPermission(
  first: (authz: string) => Scope | undefined,
  { authz, path }: Question,
  { profile, scitokensCppCompat }: CapabilityOptions,
): Scope | undefined {
  if (!scitokensCppCompat || authz !== 'condor' || path === undefined) return undefined
  const { condorLevels } = profileRules(profile)
  if (!Object.hasOwn(condorLevels, path)) return undefined
  const all = condorLevels[path]!.map(first)
  return all.every((scope) => scope !== undefined) ? all[0] : undefined
}

/** Whether capabilities decide for this token, or groups: capabilities win. WLCG profile 1.3 section 2.2.3. */
export function authorizationMode(scopes: readonly Scope[]): 'capability' | 'groups' {
  return scopes.some((scope) => /^(?:storage|compute)\./.test(scope.authz)) ? 'capability' : 'groups'
}
