// Table of contents of `@scitokens/token-manager`.
export { type BrowserLoginOptions, loginByBrowser } from './oauth/browser-login.ts'
export {
  type CertificateToken,
  type CertificateTokenRequest,
  requestTokenByCertificate,
} from './oauth/certificate-token.ts'
export { Credmon, type CredmonEvent, type CredmonOptions } from './credmon/credmon.ts'
export type { CredmonProvider } from './credmon/credmon-enrolment.ts'
export { type Daemon, type DaemonOptions, startDaemon } from './daemon/daemon.ts'
export { type DeviceLoginOptions, type DevicePrompt, loginByDevice } from './oauth/device-login.ts'
export { TOKEN_MANAGER_ERROR_FAMILIES } from './error-codes.ts'
export type {
  Delivery,
  DeliveryFormat,
  Family,
  FamilyKind,
  FamilyName,
  HeldToken,
  Narrowing,
} from './state/family.ts'
export { findGridCredential, type GridCredential, type GridCredentialOptions } from './oauth/grid-credential.ts'
export { lockInstance } from './state/instance-lock.ts'
export { jobWrapperPath, readJobWrapper } from './daemon/job-wrapper.ts'
export type { IssuerMetadata } from './oauth/issuer-metadata.ts'
export { ManagerClient } from './daemon/manager-client.ts'
export { type ManagerServerOptions, SOCKET_NAME } from './daemon/manager-server.ts'
export {
  type ClientIdentity,
  type Grant,
  OAuthClient,
  type OAuthClientOptions,
  type Wanted,
} from './oauth/oauth-client.ts'
export { type LoginKeeper, loginPerson, type PersonLogin } from './manager/person-login.ts'
export { registerClient } from './oauth/register-client.ts'
export { Renewer, type RenewerEvent, type RenewerOptions } from './manager/renewer.ts'
export { type Environment, tokenFileLocation } from './manager/token-location.ts'
export { TokenManager } from './manager/token-manager.ts'
export type {
  AccessToken,
  DeliveryRequest,
  Enrolment,
  FamilyStatus,
  TokenManagerOptions,
  TokenRequest,
} from './manager/token-manager-types.ts'
export { type Account, type AccountLookup, systemAccounts } from './daemon/user-directory.ts'
