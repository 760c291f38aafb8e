// Table of contents of `@scitokens/enforcer/http`.
export { type AppGuard, createAppGuard, type KeySourceNeeds } from './app-guard.ts'
export type { AppGuardOptions } from './app-guard-options.ts'
export { type Auth, createAuth } from './auth.ts'
export {
  type AuthzAnswer,
  type AuthzHandlerOptions,
  type AuthzLogEntry,
  type AuthzQuestion,
  createAuthzHandler,
  FRONT_SERVERS,
  type FrontServer,
} from './authz-handler.ts'
export { type BearerOptions, type BearerRequest, extractBearer } from './bearer.ts'
export { challenge, type ChallengeOptions } from './challenge.ts'
export {
  createGuard,
  type Credentials,
  type Guard,
  type GuardOptions,
  type GuardOutcome,
  type GuardRequest,
  type Need,
  type Passed,
  type Stopped,
} from './guard.ts'
export { destinationPath, type DestinationOptions } from './destination.ts'
export { fromRawHeaders, type HeaderSource, headerValues } from './headers.ts'
export {
  type GuardedRequest,
  GuardedRequests,
  judgedFrom,
} from './guarded-requests.ts'
export {
  type MethodGuardOptions,
  type MethodQuestion,
  readMethodQuestion,
  readScopeQuestion,
  type ScopeGuardOptions,
  type ScopeQuestion,
} from './guard-question.ts'
export { HttpRefusalError } from './http-error.ts'
export { type Exists, type Judged, judgeMethod, type MethodOutcome, type MethodRequest } from './judge-method.ts'
export { METHOD_RULES, type MethodContext, type MethodRule, type Step, stepsOf } from './methods.ts'
export { cutTarget, type RequestTarget, requestTarget } from './request-target.ts'
export { type ResourceMetadata, resourceMetadata, type ResourceMetadataOptions } from './resource-metadata.ts'
export { parseRoute, pathOfRoute, type Route, RouteReader } from './route-path.ts'
export { checkScope, needFinder } from './scope-question.ts'
export { type OwnOptions, readSkinOptions, type SkinOptions } from './skin-options.ts'
export { type HttpRefusal, httpRefusal, type OAuthErrorName } from './status.ts'
export { UrlNamespace, type UrlNamespaceOptions, type WholeUrl } from './url-namespace.ts'
