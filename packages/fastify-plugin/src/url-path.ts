import type { Path } from '@scitokens/core'
import { belowMount, cutTarget, Mount, pathOfRoute, requestTarget, RouteReader } from '@scitokens/enforcer/http'
import type { FastifyRequest } from 'fastify'

/** Options that say how URLs and the tokens' namespace belong together. */
export interface UrlPathOptions {
  /** The part of the URL that is not in the namespace: `/data` where tokens say `read:/x` for `/data/x`. Default: none. */
  readonly mountedAt?: string
  /** The part of the namespace that lies below `mountedAt`, as in URLs. Default: all of it. */
  readonly prefix?: string
}

/** Translates between URLs and the tokens' namespace. */
export class UrlPaths {
  readonly mountedAt: string
  readonly mount: Mount
  readonly #routes = new RouteReader()

  constructor({ mountedAt = '', prefix }: UrlPathOptions = {}) {
    this.mountedAt = mountedAt.replace(/\/+$/, '')
    this.mount = new Mount(prefix)
  }

  /** The request's path below the mount, or the route's own where it is fixed. Throws as `pathOfRoute`, `requestTarget` and `belowMount`. */
  below(request: FastifyRequest): string {
    const { path } = requestTarget(request.url)
    const { url: pattern } = request.routeOptions
    // Where no route fits, a not-found handler may still serve something: it is judged by the URL.
    const served = pattern === undefined ? path : pathOfRoute(this.#routes.read(pattern), path)
    return belowMount(served, this.mountedAt)
  }

  /** The path to judge. */
  toJudge(request: FastifyRequest): string {
    return this.mount.inNamespace(this.below(request))
  }

  /**
   * From now on the request's URL and its wildcard are what was judged, in its normal form: `@fastify/static` reads the one,
   * handlers read the other.
   */
  serveJudged(request: FastifyRequest, judged: Path): void {
    const { path: came, query } = cutTarget(request.url)
    if (this.mountedAt === '' && this.mount.isServed(came, judged)) return // as it should be, and what the router made of it
    const path = this.mountedAt + this.mount.served(judged)
    if (came === path) return
    request.raw.url = path + (query === '' ? '' : `?${query}`)
    const params = request.params as Record<string, string> | undefined
    const literal = this.#routes.read(request.routeOptions.url).literal ?? ''
    if (params && '*' in params) params['*'] = decodeURIComponent(path.slice(literal.length))
  }
}
