// Table of contents of `@scitokens/token-manager`.
export { type BrowserLoginOptions, loginByBrowser } from './browser-login.ts'
export {
  type CertificateToken,
  type CertificateTokenRequest,
  requestTokenByCertificate,
} from './certificate-token.ts'
export { Credmon, type CredmonEvent, type CredmonOptions } from './credmon.ts'
export type { CredmonProvider } from './credmon-enrolment.ts'
export { type Daemon, type DaemonOptions, startDaemon } from './daemon.ts'
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
export { findGridCredential, type GridCredential, type GridCredentialOptions } from './grid-credential.ts'
export { createHttpsFetch, type Fetch, type FetchInit, type HttpsFetchOptions } from './https-fetch.ts'
export { lockInstance } from './instance-lock.ts'
export { jobWrapperPath, readJobWrapper } from './job-wrapper.ts'
export type { IssuerMetadata } from './issuer-metadata.ts'
export { ManagerClient } from './manager-client.ts'
export { ManagerServer, type ManagerServerOptions, SOCKET_NAME } from './manager-server.ts'
export { type ClientIdentity, type Grant, OAuthClient, type OAuthClientOptions, type Wanted } from './oauth-client.ts'
export { type LoginKeeper, loginPerson, type PersonLogin } from './person-login.ts'
export { registerClient } from './register-client.ts'
export { backOff, type Random, renewalTime } from './renewal.ts'
export { Renewer, type RenewerEvent, type RenewerOptions } from './renewer.ts'
export { writeTokenFile, type TokenFileOptions } from './token-file.ts'
export { type Environment, tokenFileLocation } from './token-location.ts'
export { TokenManager } from './token-manager.ts'
export type {
  AccessToken,
  DeliveryRequest,
  Enrolment,
  FamilyStatus,
  TokenManagerOptions,
  TokenRequest,
} from './token-manager-types.ts'
export { type Account, type AccountLookup, systemAccounts } from './user-directory.ts'
