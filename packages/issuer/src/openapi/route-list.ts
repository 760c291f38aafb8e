import type { FastifyInstance } from 'fastify'
import type { KnownRoute } from './describe-api.ts'

interface HungRoute extends KnownRoute {
  readonly host: string | undefined
}

/** Remembers every route that is hung up from now on. Answers a function that tells those of one issuer. */
export function watchRoutes(
  app: FastifyInstance,
): (basePath: string, host: string | undefined, others: readonly string[]) => readonly KnownRoute[] {
  const all: HungRoute[] = []
  app.addHook('onRoute', ({ method, url, constraints }) => {
    const host = (constraints as { host?: string } | undefined)?.host
    // Fastify adds HEAD to each GET.
    for (const one of [method].flat()) if (one !== 'HEAD') all.push({ method: one, url, host })
  })
  return (basePath, host, others) =>
    all.filter((route) => {
      if (route.host !== host) return false
      const owner = ownerOf(route.url, others)
      return owner === basePath
    })
}

/** The longest base path that a route lies below, or that its well-known part was inserted before. */
function ownerOf(url: string, basePaths: readonly string[]): string | undefined {
  const inserted = /^\/\.well-known\/[a-z-]+(\/.*)$/.exec(url)?.[1]
  return basePaths
    .filter((path) => inserted === path || (url.startsWith(`${path}/`) && (inserted === undefined || path !== '')))
    .toSorted((a, b) => b.length - a.length)[0]
}
