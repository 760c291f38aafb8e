// Table of contents of `@scitokens/enforcer/internal`: what the guards for web frameworks are made of. It may change with any release,
// so nothing outside of the project should use it.
export { type AppGuard, createAppGuard, type KeySourceNeeds } from './http/app/app-guard.ts'
export type { AppGuardOptions } from './http/app/app-guard-options.ts'
export {
  type GuardedRequest,
  GuardedRequests,
  judgedFrom,
} from './http/app/guarded-requests.ts'
export {
  type MethodGuardOptions,
  type MethodQuestion,
  readMethodQuestion,
  readScopeQuestion,
  type ScopeGuardOptions,
  type ScopeQuestion,
} from './http/app/guard-question.ts'
export { parseRoute, pathOfRoute, type Route, RouteReader } from './http/request/route-path.ts'
export { checkScope, needFinder } from './http/app/scope-question.ts'
export { type OwnOptions, readSkinOptions, type SkinOptions } from './http/app/skin-options.ts'
export { UrlNamespace, type UrlNamespaceOptions, type WholeUrl } from './http/request/url-namespace.ts'
export { judgeMethod, type MethodOutcome, type MethodRequest } from './http/guard/judge-method.ts'
export { cutTarget } from './http/request/request-target.ts'
