import type { Path } from '@scitokens/core'
import { type Route, RouteReader, type UrlNamespace, type WholeUrl } from '@scitokens/enforcer/internal'
import type { FastifyRequest } from 'fastify'
import { guarded } from './guarded.ts'

/** The URLs of requests to a hook. */
export class RequestUrls {
  readonly #urls: UrlNamespace
  readonly #routes = new RouteReader()

  constructor(urls: UrlNamespace) {
    this.#urls = urls
  }

  /** The path to judge, not decoded: that of the URL, or the route's own where it is fixed. Throws as `UrlNamespace`. */
  toJudge(request: FastifyRequest): string {
    return this.#urls.toJudge(this.#read(request), this.#routeOf(request))
  }

  /** The same for a `Destination`, after {@link toJudge}. */
  destination(request: FastifyRequest, header: string | undefined, hosts: readonly string[]): string | undefined {
    return this.#urls.destination(header, guarded.get(request).url!, hosts)
  }

  /**
   * From now on the request's URL and its wildcard are what was judged, in its normal form: `@fastify/static` reads the one,
   * handlers read the other.
   */
  serveJudged(request: FastifyRequest, judged: Path): void {
    const state = guarded.get(request)
    const served = this.#urls.toServe(state.url!, judged)
    if (served !== undefined) {
      request.raw.url = served.rest
      state.url = served.url
    }
    // Also where nothing was rewritten here: a hook may have done so after the router had read the wildcard.
    const params = request.params as Record<string, string> | undefined
    if (params?.['*'] !== undefined) setWildcard(params, state.url!.path, this.#routeOf(request))
  }

  #read(request: FastifyRequest): WholeUrl {
    const state = guarded.get(request)
    return (state.url = this.#urls.read(state.url?.target ?? request.originalUrl, '', request.url))
  }

  /** Where no route fits, a not-found handler may still serve something: it is judged by the URL. */
  #routeOf(request: FastifyRequest): Route | undefined {
    const { url: pattern } = request.routeOptions
    return pattern === undefined ? undefined : this.#routes.read(pattern)
  }
}

function setWildcard(params: Record<string, string>, path: string, route: Route | undefined): void {
  const below = path.slice(route?.literal?.length ?? 1)
  const wildcard = below.includes('%') ? decodeURIComponent(below) : below
  if (params['*'] !== wildcard) params['*'] = wildcard
}
