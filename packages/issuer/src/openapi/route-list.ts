import type { FastifyInstance } from 'fastify'
import type { Operation, Operations } from './operation.ts'

/** A route that was hung up, and what it does; undefined: its file does not say. */
export interface KnownRoute {
  readonly method: string
  readonly url: string
  readonly operation: Operation | undefined
}

interface HungRoute extends KnownRoute {
  readonly host: string | undefined
}

/** Route options by which a route says what it does. {@link watchRoutes} finds it there. */
export function described(operations: Operations): { readonly config: object } {
  return { config: { operations } }
}

/** Remembers every route that is hung up from now on. Answers a function that tells those of one issuer. */
export function watchRoutes(
  app: FastifyInstance,
): (basePath: string, host: string | undefined, others: readonly string[]) => readonly KnownRoute[] {
  const all: HungRoute[] = []
  app.addHook('onRoute', ({ method, url, constraints, config }) => {
    const host = (constraints as { host?: string } | undefined)?.host
    const { operations } = (config ?? {}) as { operations?: Record<string, Operation> }
    for (const one of [method].flat()) {
      // Fastify adds HEAD to each GET.
      if (one !== 'HEAD') all.push({ method: one, url, host, operation: operations?.[one] })
    }
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
