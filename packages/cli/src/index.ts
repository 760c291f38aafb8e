// Table of contents of `@scitokens/cli`: the program as a function, for tests and wrappers.
export type { CliContext, TextSink } from './context.ts'
export { EXIT, type ExitCode } from './exit-codes.ts'
export { run } from './run.ts'
