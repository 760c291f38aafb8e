import { callable, flag, type OptionReaders, readOptions } from '@scitokens/core/internal'
import { findDifference } from './compare.ts'
import {
  type CaseFile,
  type CaseRequest,
  type CaseVerifierOptions,
  type ConformanceCase,
  OPERATIONS,
  type Step,
  type Template,
  VERIFIER_OPTIONS,
} from './format.ts'
import type { Answer, CannotAnswer, Ended, Implementation, Verifier } from './implementation.ts'
import { type PublishedKeys, publishedKeys } from './published-keys.ts'
import { finishedToken, signTemplate } from './template.ts'

/** What came of a case. */
export interface CaseResult {
  /** Name of the case. */
  readonly id: string
  /** The group of rules that the case belongs to. */
  readonly section: string
  /** The rule that the case shows. */
  readonly title: string
  /** `ended`: its program died of the question. What that says of the rule is nothing. */
  readonly verdict: 'passed' | 'failed' | 'skipped' | 'ended'
  /** What was expected and what came, or why the case was skipped; undefined for a case that passed. */
  readonly why?: string
  /** What the implementation answered to the last question put. */
  readonly answer?: Answer
}

/** Options of {@link runCases}. */
export interface RunOptions {
  /** Compare codes too. Default: false. */
  readonly strict?: boolean
  /** Seconds since the epoch, for implementations whose clock cannot be set. Default: the machine's clock. */
  readonly realClock?: () => number
}

const READERS: OptionReaders<RunOptions> = { strict: flag, realClock: callable<() => number>() }

/**
 * Puts every case of a file to an implementation, one after the other, each to a new verifier. Throws `config_error` for options that
 * make no sense.
 */
export async function runCases(
  file: CaseFile,
  implementation: Implementation,
  options: RunOptions = {},
): Promise<readonly CaseResult[]> {
  const read = readOptions<RunOptions>(options, READERS)
  const results: CaseResult[] = []
  for (const testCase of file.cases) {
    // oxlint-disable-next-line no-await-in-loop -- a peer answers one question at a time
    results.push(await runCase(file, testCase, implementation, read))
  }
  return results
}

/** Puts one case. Rejects for options that make no sense only: what else goes wrong is the result. */
export async function runCase(
  file: CaseFile,
  testCase: ConformanceCase,
  implementation: Implementation,
  options: RunOptions = {},
): Promise<CaseResult> {
  const { strict = false, ...clocks } = readOptions<RunOptions>(options, READERS)
  const { id, section, title, steps, enforcer = {} } = testCase
  const result = { id, section, title }
  const skip = whySkipped(testCase, implementation)
  if (skip !== undefined) return { ...result, verdict: 'skipped', why: skip }
  const published = keysPerStep(file, testCase)
  let verifier: Verifier | undefined
  let answer: Answer | undefined
  try {
    for (const [index, step] of steps.entries()) {
      if (step.request.op !== 'sign') verifier ??= implementation.createVerifier(enforcer)
      // oxlint-disable-next-line no-await-in-loop -- steps are put in order
      const came = await put(step, file, published(step), implementation, verifier, clocks)
      if ('cannot' in came) return { ...result, verdict: 'skipped', why: came.cannot }
      if ('ended' in came) return { ...result, verdict: 'ended', why: `the program ended: ${came.ended}` }
      answer = came
      const difference = findDifference(came, step.expect, {
        strict,
        tellsRefusalsApart: implementation.tellsRefusalsApart,
      })
      const where = steps.length === 1 ? '' : `step ${index + 1}: `
      if (difference !== undefined) return { ...result, verdict: 'failed', why: where + difference, answer }
    }
    return { ...result, verdict: 'passed', ...(answer ? { answer } : {}) }
  } catch (error) {
    // The format's rule: an exception that is not of the implementation's documented kinds fails the case.
    return { ...result, verdict: 'failed', why: `a stray exception: ${String(error)}` }
  } finally {
    await verifier?.close?.()
  }
}

function whySkipped({ steps, enforcer = {} }: ConformanceCase, implementation: Implementation): string | undefined {
  const known: readonly string[] = VERIFIER_OPTIONS
  const option = Object.keys(enforcer).find((name) => !known.includes(name))
  if (option !== undefined) return `the option ${option} is not known here`
  const requests: CaseRequest[] = steps.map((step) => step.request)
  const ops: readonly string[] = OPERATIONS
  const op = requests.find((request) => !ops.includes(request.op))?.op
  if (op !== undefined) return `the question ${op} is not known here`
  if (requests.some((request) => request.op === 'sign') && !implementation.sign) return 'it cannot be asked to sign'
  if (implementation.clock === 'real') {
    if (steps.some((step) => step.now !== undefined)) return 'its clock cannot be set'
    if (steps.some((step) => step.request.op !== 'sign' && !step.template)) {
      return 'its clock cannot be set, and the token cannot be signed afresh'
    }
    if (steps.some((step) => step.template && turnsSoon(step.template, enforcer))) {
      return 'its clock cannot be set, and the answer would be another one a moment later'
    }
  }
  return implementation.lacks(enforcer, requests)
}

async function put(
  step: Step,
  file: CaseFile,
  published: PublishedKeys,
  implementation: Implementation,
  verifier: Verifier | undefined,
  { realClock = () => Math.floor(Date.now() / 1000) }: RunOptions,
): Promise<Answer | CannotAnswer | Ended> {
  const now = implementation.clock === 'real' ? realClock() : (step.now ?? file.now)
  const { request } = step
  if (request.op === 'sign') {
    const { key = '', profile, lifetime, claims = {} } = request
    return implementation.sign!({ key: file.keys[key]!, profile, lifetime, claims, now })
  }
  const token = implementation.clock === 'real' ? signTemplate(step.template!, file, now) : finishedToken(step, file)!
  return verifier!.ask({ token, request, now, published })
}

/** The same content is the same object, as a key source would give it. */
function keysPerStep(file: CaseFile, testCase: ConformanceCase): (step: Step) => PublishedKeys {
  const usual = publishedKeys(file, testCase)
  return (step) => (step.jwks === undefined ? usual : publishedKeys(file, testCase, step.jwks))
}

/** How long a real-time question may take, in seconds. */
const SLACK_S = 5

/** Whether one of the token's times is reached, or comes within the tolerance, in the next few seconds. */
function turnsSoon({ claims }: Template, { clockTolerance }: CaseVerifierOptions): boolean {
  const tolerance = typeof clockTolerance === 'number' ? clockTolerance : 0
  const offsets = ['exp', 'nbf', 'iat'].map((name) => (claims[name] as { $now?: unknown } | undefined | null)?.$now)
  return offsets.some(
    (at) => typeof at === 'number' && ((at > 0 && at < SLACK_S) || (at > tolerance && at < tolerance + SLACK_S)),
  )
}
