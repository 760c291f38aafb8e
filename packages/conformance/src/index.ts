// Table of contents of `@scitokens/conformance`.
export { OWN_CASES } from './case-files.ts'
export { type CompareOptions, findDifference } from './compare.ts'
export {
  CASE_FORMAT,
  type CaseFile,
  type CaseRequest,
  type CaseVerifierOptions,
  type ConformanceCase,
  type Expectation,
  OPERATIONS,
  type Operation,
  type Outcome,
  OUTCOMES,
  type PrivateJwk,
  type Step,
  type Template,
  type TokenBuild,
  VERIFIER_OPTIONS,
} from './format.ts'
export type { Answer, CannotAnswer, Ended, Implementation, Question, SignQuestion, Verifier } from './implementation.ts'
export { type ConformanceCommand, conformanceMain, type ConformanceOutput, readFiles, runConformance } from './main.ts'
export { openCommandPeer, PEER_PROTOCOL, type PeerHello } from './peers/command-peer.ts'
export type { ProgramStart } from './peers/line-process.ts'
export { NAMED_PEERS, openPeer, type PeerOptions } from './peers/open-peer.ts'
export { prepareGo } from './peers/go-peer.ts'
export { defaultCacheDirectory } from './peers/programs.ts'
export { preparePython, PYTHON_VERSION } from './peers/python-peer.ts'
export { publicForm, type PublishedKeys, publishedKeys } from './published-keys.ts'
export { readCases } from './read-cases.ts'
export { formatReport, makeReport, type Report, type SectionCount, summary } from './report.ts'
export { type CaseResult, runCase, runCases, type RunOptions } from './run-cases.ts'
export { finishedToken, signTemplate } from './template.ts'
export { thisProject } from './this-project.ts'
