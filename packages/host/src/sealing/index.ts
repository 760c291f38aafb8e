// Table of contents of `@scitokens/host/sealing`.
export { NONCE_BYTES, open, seal, type Sealed, type SealingKey, TAG_BYTES } from './seal.ts'
