// Table of contents of `@scitokens/token-manager`.
export { type BrowserLoginOptions, loginByBrowser } from './browser-login.ts'
export { type DeviceLoginOptions, type DevicePrompt, loginByDevice } from './device-login.ts'
export type {
  Delivery,
  DeliveryFormat,
  Family,
  FamilyKind,
  FamilyName,
  HeldToken,
  Narrowing,
} from './family.ts'
export { createHttpsFetch, type Fetch, type FetchInit, type HttpsFetchOptions } from './https-fetch.ts'
export type { IssuerMetadata } from './issuer-metadata.ts'
export { type ClientIdentity, type Grant, OAuthClient, type OAuthClientOptions, type Wanted } from './oauth-client.ts'
export { backOff, type Random, renewalTime } from './renewal.ts'
export { writeTokenFile, type TokenFileOptions } from './token-file.ts'
export { type Environment, tokenFileLocation } from './token-location.ts'
export {
  type AccessToken,
  type DeliveryRequest,
  type Enrolment,
  type FamilyStatus,
  TokenManager,
  type TokenManagerOptions,
  type TokenRequest,
} from './token-manager.ts'
