// Table of contents of `@scitokens/express-middleware`.
export { scitokens, type SciTokensMiddleware } from './middleware.ts'
export type { SciTokensOptions } from './options.ts'
export { findAuth, getAuth, getJudged, getPath } from './guarded.ts'
export { requireMethod, type RequireMethodOptions } from './require-method.ts'
export { requireScope, type RequireScopeOptions } from './require-scope.ts'
export { refusalHandler } from './send-refusal.ts'
export type { Auth, Judged, UrlNamespaceOptions } from '@scitokens/enforcer/http'
export { HttpRefusalError } from '@scitokens/enforcer/http'
