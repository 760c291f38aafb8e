import { type CapabilityOptions, checkQuestion, findCondorPermission, namesOf, type Question } from './capabilities.ts'
import { judgeOperation, type OperationRequest, type ScopeFinder } from './operations.ts'
import { coversPath, type Path } from './paths.ts'
import type { Scope } from './scope.ts'

/** Few scopes are compared one by one: that is quicker than looking up every ancestor of a path. */
const FEW = 8

/** Scopes that go by one name, in the order of the claim. */
interface Named {
  readonly scopes: Scope[]
  /** Position in `scopes` of the first one with this path. Made once there are more than a few. */
  byPath: Map<string, number> | undefined
  /** The first one without path. */
  pathless: Scope | undefined
  /** The first one whose own name this is. */
  own: Scope | undefined
}

/**
 * A token's scopes, arranged so that a question costs string work that depends on the depth of its path, not on the number of
 * scopes. Answers exactly as {@link findPermission} and {@link findOperationPermission} do.
 */
export class PermissionIndex {
  readonly #options: CapabilityOptions
  readonly #byName = new Map<string, Named>()
  /** Place of each scope in the claim: the first one that grants is the one that is told. */
  readonly #order = new Map<Scope, number>()
  readonly #finder: ScopeFinder
  #byDirectory: Map<string, Map<string, Scope>> | undefined
  /** The name that was asked for last, and the first scope that goes by it. */
  #lastName: string | undefined
  #lastFirst: Scope | undefined

  constructor(scopes: readonly Scope[], options: CapabilityOptions) {
    this.#options = options
    for (const [place, scope] of scopes.entries()) {
      this.#order.set(scope, place)
      for (const name of namesOf(scope.authz, options)) {
        const known = this.#byName.get(name)
        const named = known ?? { scopes: [], byPath: undefined, pathless: undefined, own: undefined }
        if (!known) this.#byName.set(name, named)
        named.scopes.push(scope)
        if (!scope.hasPath) named.pathless ??= scope
        if (scope.authz === name) named.own ??= scope
      }
    }
    this.#finder = {
      covering: (names, path) => this.#first(names, (name) => this.#covering(name, path)),
      below: (names, directory) => this.#first(names, (name) => this.#directories().get(name)?.get(directory)),
    }
  }

  /** The first scope that answers the question with yes, or undefined. Throws `invalid_request`. */
  find(question: Question): Scope | undefined {
    const { authz, path } = question
    // The first scope wins, so if it covers the path we can stop, without reading anything else from memory.
    if (authz === this.#lastName && path !== undefined && coversPath(this.#lastFirst!.path, path))
      return this.#lastFirst
    checkQuestion(question)
    const permission = path === undefined ? this.#byName.get(authz)?.pathless : this.#covering(authz, path)
    return permission ?? findCondorPermission((name) => this.#byName.get(name)?.own, question, this.#options)
  }

  /** The scope that lets the operation be done, or undefined. */
  findOperation(request: OperationRequest): Scope | undefined {
    return judgeOperation(request, this.#finder)
  }

  #covering(name: string, path: Path): Scope | undefined {
    const named = this.#byName.get(name)
    if (!named) return undefined
    this.#lastName = name
    this.#lastFirst = named.scopes[0]
    if (named.scopes.length <= FEW) {
      for (const scope of named.scopes) if (coversPath(scope.path, path)) return scope
      return undefined
    }
    const byPath = (named.byPath ??= firstPlaces(named.scopes))
    let first = byPath.get(path) ?? Infinity
    // What covers a path is the path, or one of its ancestors with or without the slash.
    for (let slash = path.indexOf('/'); slash !== -1; slash = path.indexOf('/', slash + 1)) {
      first = Math.min(
        first,
        byPath.get(path.slice(0, slash + 1)) ?? Infinity,
        byPath.get(path.slice(0, slash)) ?? Infinity,
      )
    }
    return named.scopes[first]
  }

  #first(names: readonly string[], find: (name: string) => Scope | undefined): Scope | undefined {
    let first: Scope | undefined
    for (const name of names) {
      const scope = find(name)
      if (scope && (!first || this.#order.get(scope)! < this.#order.get(first)!)) first = scope
    }
    return first
  }

  /** Every directory that a scope lies in or names, by the scope's names; made when first needed. */
  #directories(): Map<string, Map<string, Scope>> {
    if (this.#byDirectory) return this.#byDirectory
    const byDirectory = new Map<string, Map<string, Scope>>()
    for (const [name, { scopes }] of this.#byName) {
      const first = new Map<string, Scope>()
      for (const scope of scopes) {
        for (let slash = scope.path.indexOf('/'); slash !== -1; slash = scope.path.indexOf('/', slash + 1)) {
          const directory = scope.path.slice(0, slash + 1)
          if (!first.has(directory)) first.set(directory, scope)
        }
      }
      byDirectory.set(name, first)
    }
    this.#byDirectory = byDirectory
    return byDirectory
  }
}

function firstPlaces(scopes: readonly Scope[]): Map<string, number> {
  const places = new Map<string, number>()
  for (const [place, { path }] of scopes.entries()) if (!places.has(path)) places.set(path, place)
  return places
}
