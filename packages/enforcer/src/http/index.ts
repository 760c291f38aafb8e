// Table of contents of `@scitokens/enforcer/http`.
export { type Auth, createAuth } from './guard/auth.ts'
export {
  type AuthzAnswer,
  type AuthzHandlerOptions,
  type AuthzLogEntry,
  type AuthzQuestion,
  createAuthzHandler,
  FRONT_SERVERS,
  type FrontServer,
} from './front-server/authz-handler.ts'
export { type BearerOptions, type BearerRequest, extractBearer } from './request/bearer.ts'
export { challenge, type ChallengeOptions } from './answer/challenge.ts'
export { HttpRefusalError } from './answer/http-error.ts'
export type { RefusalOptions, Stopped } from './answer/refusal.ts'
export { createGuard } from './guard/create-guard.ts'
export type {
  Credentials,
  Guard,
  GuardOutcome,
  GuardRequest,
  MethodKnowledge,
  Need,
  Passed,
} from './guard/guard.ts'
export type { GuardOptions } from './guard/guard-options.ts'
export { destinationPath, type DestinationOptions } from './request/destination.ts'
export { fromRawHeaders, type HeaderSource, headerValues } from './request/headers.ts'
export type { Exists, Judged } from './guard/judge-method.ts'
export { METHOD_RULES, type MethodContext, type MethodRule, type Step, stepsOf } from './request/methods.ts'
export { type RequestTarget, requestTarget } from './request/request-target.ts'
export { type ResourceMetadata, resourceMetadata, type ResourceMetadataOptions } from './answer/resource-metadata.ts'
export { type HttpRefusal, httpRefusal, type OAuthErrorName } from './answer/status.ts'
export type { UrlNamespaceOptions } from './request/url-namespace.ts'
