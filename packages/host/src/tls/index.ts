// Table of contents of `@scitokens/host/tls`.
export { certificateThumbprint } from './certificate-thumbprint.ts'
export { certificateOfSocket } from './peer-certificate.ts'
