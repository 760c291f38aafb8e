// Table of contents of `@scitokens/fastify-plugin`.
export type { Auth, Judged, UrlNamespaceOptions } from '@scitokens/enforcer/http'
export { HttpRefusalError } from '@scitokens/enforcer/http'
export { findAuth, getAuth, getJudged, getPath } from './guarded.ts'
export type { SciTokensOptions } from './options.ts'
export { scitokens } from './plugin.ts'
export { requireMethod, type RequireMethodOptions } from './require-method.ts'
export { type GuardHook, requireScope, type RequireScopeOptions } from './require-scope.ts'
