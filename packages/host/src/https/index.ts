// Table of contents of `@scitokens/host/https`: the one HTTPS client of these packages.
export { readBody } from './body.ts'
export {
  CONNECTION_READERS,
  type ConnectionOptions,
  type HttpsAnswer,
  HttpsClient,
  type HttpsClientOptions,
  type HttpsRequest,
} from './client.ts'
export { createFetch, type Fetch, type FetchInit, type FetchOptions } from './fetch.ts'
export { httpGetOf } from './get.ts'
export { type Proxies, proxyRules } from './proxies.ts'
export type { CertificateAuthorities, ClientIdentityPem } from './trust.ts'
