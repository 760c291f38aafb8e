import {
  ConfigError,
  encodeScopePath,
  InvalidRequestError,
  parseRequestPath,
  type Path,
  SciTokenError,
} from '@scitokens/core'
import { type OptionReaders, quote, readOptions, text, withoutTrailingSlash } from '@scitokens/core/internal'
import { pathOfDestination } from './destination.ts'
import { cutTarget, requestTarget } from './request-target.ts'
import { pathOfRoute, type Route } from './route-path.ts'

/** Options that say how URLs and the tokens' namespace belong together. */
export interface UrlNamespaceOptions {
  /**
   * The part of the URL's path that is taken off before it is judged, as it stands in URLs: with `/data`, a request for `/data/x` is
   * judged as `/x`. A request outside of it is refused. Default: none, the whole path is judged.
   */
  readonly prefix?: string
  /**
   * The part of the tokens' namespace that is served, as in URLs; it is put before what is left of the URL's path: with `/store` as
   * well, the same request is judged as `/store/x`. Default: all of it.
   */
  readonly namespace?: string
}

/** How the options of {@link UrlNamespaceOptions} are read. */
export const URL_READERS: OptionReaders<UrlNamespaceOptions> = { prefix: readPlace, namespace: readPlace }

/** A request's whole URL. Nothing of it is decoded. */
export interface WholeUrl {
  /** As the client wrote it, or as the last guard left it; with query. */
  readonly target: string
  /** Whether something before the guard has taken the `prefix` off already. */
  readonly isStripped: boolean
  /** What stands before the mount: Express's `baseUrl`. Empty at the root. */
  readonly base: string
  /** All of the path, but for a prefix that was taken off. */
  readonly path: string
  /** What stands after the `?`; empty where there is none. */
  readonly query: string
}

/**
 * Translates between URLs and the tokens' namespace. One rule for all servers and all places: the whole path of the URL is judged,
 * wherever the guard sits, less the `prefix` that it was told.
 */
export class UrlNamespace {
  readonly #prefix: string
  readonly #namespace: string
  /** How much of a judged path, which is decoded, the namespace makes up. */
  readonly #namespaceLength: number
  readonly #isWhole: boolean

  /** Reads the options. Throws `config_error` for those that make no sense. */
  constructor(options: UrlNamespaceOptions = {}) {
    const { prefix = '/', namespace = '/' } = readOptions<UrlNamespaceOptions>(options, URL_READERS)
    this.#prefix = encodeScopePath(stem(prefix))
    const decoded = stem(namespace)
    this.#namespace = encodeScopePath(decoded)
    this.#namespaceLength = decoded.length
    this.#isWhole = this.#prefix === '' && this.#namespace === ''
  }

  /**
   * Reads a request's URL: that of the client, and not what something between has made of it, so that nothing else is judged than
   * what the client named, nor anything else served.
   *
   * Throws `invalid_request`; `config_error` where the URL was rewritten on the way in another manner than by taking the prefix off.
   *
   * @param target - as the client wrote it, or as the guard before has left it.
   * @param base - what the framework has cut off for the mount; empty at the root.
   * @param rest - what is left of it, as handlers see it.
   */
  read(target: string, base: string, rest: string): WholeUrl {
    const { path, query } = requestTarget(target)
    // A router took such a component for the value of a parameter; the guard and the file system see none.
    if (base !== '' && hasVanishingComponent(base)) throw misspelt()
    if (isJoined(target, base, rest) || isSpelt(target, base, rest)) {
      return { target, isStripped: false, base, path, query }
    }
    const stripped = withoutPrefix(target, this.#prefix)
    if (stripped !== undefined && (isJoined(stripped, base, rest) || isSpelt(stripped, base, rest))) {
      return { target, isStripped: true, base, path: cutTarget(stripped).path, query }
    }
    throw new ConfigError(
      'config_error',
      `something before the guard has made ${quote(cutTarget(base + rest).path)} of ${quote(cutTarget(target).path)}: ` +
        'name what it takes off as prefix, or tell the guard which path is served',
    )
  }

  /**
   * The path to judge, not decoded. Throws `invalid_request` outside the prefix, `config_error` where the guard sits outside of it,
   * and as `pathOfRoute`.
   *
   * @param route - of the request, below `base`, if the guard is one of its handlers.
   */
  toJudge({ path, base, isStripped }: WholeUrl, route?: Route): string {
    const whole = route === undefined ? path : base + pathOfRoute(route, path.slice(base.length) || '/')
    if (this.#isWhole) return whole
    return this.#namespace + (isStripped ? whole : this.#belowPrefix(whole, base + (route?.literal ?? '')))
  }

  /**
   * What handlers must see as the rest of the URL, with query, so that they serve what was judged, however the request was spelt;
   * undefined where that is what they see already. The new URL comes with it, for the next guard.
   */
  toServe(url: WholeUrl, judged: Path): { readonly rest: string; readonly url: WholeUrl } | undefined {
    const { path: came, base, query, isStripped } = url
    if (this.#isWhole && came === judged) return undefined
    const served = encodeScopePath(judged.slice(this.#namespaceLength) as Path) || '/'
    const path = isStripped ? served : this.#prefix + served
    if (path === came) return undefined
    const below = base === '' ? path : belowBase(path, base)
    if (below === (came.slice(base.length) || '/')) return undefined
    const rest = query === '' ? below : `${below}?${query}`
    const prefix = isStripped ? this.#prefix : ''
    return { rest, url: { ...url, path: base + below, target: prefix + base + rest } }
  }

  /**
   * The path to judge of a `Destination`, not decoded: in the same mount as the request, and below the prefix. Undefined without one.
   * Throws as `destinationPath`.
   */
  destination(
    header: string | readonly string[] | undefined,
    { base, isStripped }: Pick<WholeUrl, 'base' | 'isStripped'>,
    hosts: readonly string[],
  ): string | undefined {
    // Who sent the header knows nothing of what was taken off.
    const place = (isStripped ? this.#prefix : '') + base
    const below = pathOfDestination(header, { hosts, prefix: place })
    return below === undefined ? undefined : this.#namespace + this.#belowPrefix(place + below, place)
  }

  #belowPrefix(path: string, place: string): string {
    const below = withoutPrefix(path, this.#prefix)
    if (below !== undefined) return below
    // A router may ignore letter case: then it is the client's spelling, else the app's mistake.
    if (isElsewhere(place.toLowerCase(), this.#prefix.toLowerCase())) {
      throw new ConfigError(
        'config_error',
        `a guard at ${quote(place)} sees no request below its prefix ${quote(this.#prefix)}`,
      )
    }
    throw new InvalidRequestError('invalid_request', `the request is not for ${this.#prefix}/`)
  }
}

const VANISHING_COMPONENT = /\/(?:\.|%2e)?(?:\/|$)/i

/** Most mounts have nothing that would need the expression, which is slower than three looks. */
function hasVanishingComponent(base: string): boolean {
  const isPlain = !base.includes('.') && !base.includes('%') && !base.includes('//') && !base.endsWith('/')
  return !isPlain && VANISHING_COMPONENT.test(base)
}

function misspelt(): InvalidRequestError {
  return new InvalidRequestError('invalid_request', 'the request does not spell the mount as it is')
}

function readPlace(value: unknown, name: string): string {
  const place = text(value, name)
  try {
    stem(place)
    return place
  } catch (cause) {
    if (!(cause instanceof SciTokenError)) throw cause
    throw new ConfigError('config_error', `the option ${name} must be a path such as /data: ${cause.message}`, {
      cause,
    })
  }
}

/** A path without a slash at its end; empty for the root. Throws `invalid_request`. */
function stem(place: string): Path {
  const path = withoutTrailingSlash(parseRequestPath(place, { rejectDotSegments: true }))
  return path === '/' ? ('' as Path) : path
}

/** What a target is below a prefix; undefined outside. */
function withoutPrefix(target: string, prefix: string): string | undefined {
  if (prefix === '') return target
  if (!target.startsWith(prefix)) return undefined
  const below = target.slice(prefix.length)
  if (below === '' || below.startsWith('?')) return `/${below}`
  return below.startsWith('/') ? below : undefined
}

/** Whether a target is nothing but these two, one after the other. */
function isJoined(target: string, base: string, rest: string): boolean {
  if (base === '') return target === rest
  return target.length === base.length + rest.length && target.startsWith(base) && target.endsWith(rest)
}

/**
 * Whether a target differs from these two, one after the other, by slashes between them only: Express gives handlers `/` where nothing
 * is left. Throws `invalid_request` where the mount ends within a component, as Express 4 lets it.
 */
function isSpelt(target: string, base: string, rest: string): boolean {
  const came = cutTarget(target)
  const seen = cutTarget(rest)
  if (!came.path.startsWith(base) || came.query !== seen.query) return false
  const below = came.path.slice(base.length)
  if (below !== '' && !below.startsWith('/')) {
    if (seen.path !== `/${below}`) return false
    throw misspelt()
  }
  return seen.path === `/${below.replace(/^\/+/, '')}`
}

/** The rest of a path in its normal form below a mount, however the mount was spelt. */
function belowBase(path: string, base: string): string {
  const normal = encodeScopePath(withoutTrailingSlash(parseRequestPath(base, { rejectDotSegments: true })))
  const below = withoutPrefix(path, normal)
  if (below !== undefined) return below
  throw misspelt()
}

/** Whether no path that begins with the place lies below the prefix. */
function isElsewhere(place: string, prefix: string): boolean {
  return withoutPrefix(place, prefix) === undefined && !prefix.startsWith(place)
}
