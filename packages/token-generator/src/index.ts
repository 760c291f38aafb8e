// Table of contents of `@scitokens/token-generator`.
export { openDemo, type Demo } from './demo.ts'
export { type DemoOptions, readDemoOptions } from './demo-options.ts'
export type { DemoKeyOptions } from './keys/demo-keys.ts'
