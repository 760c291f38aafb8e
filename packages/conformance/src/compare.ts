import { isDeepStrictEqual } from 'node:util'
import { flag, type OptionReaders, quote, readOptions } from '@scitokens/core/internal'
import type { Expectation, Outcome } from './format.ts'
import type { Answer } from './implementation.ts'

/** How an answer is compared. */
export interface CompareOptions {
  /** Compare codes too. Default: false, they are advice. */
  readonly strict?: boolean
  /** Whether the implementation tells the three kinds of "no" apart. Default: true. */
  readonly tellsRefusalsApart?: boolean
}

const READERS: OptionReaders<CompareOptions> = { strict: flag, tellsRefusalsApart: flag }

/** The first difference between an answer and what was expected, in words; undefined where there is none. Throws `config_error` for options that make no sense. */
export function findDifference(answer: Answer, expect: Expectation, options: CompareOptions = {}): string | undefined {
  const { strict = false, tellsRefusalsApart = true } = readOptions<CompareOptions>(options, READERS)
  const accepted = outcomesOf(expect)
  const same = tellsRefusalsApart
    ? accepted.includes(answer.outcome)
    : accepted.some((outcome) => (outcome === 'allow') === (answer.outcome === 'allow'))
  if (!same) return `expected ${accepted.join(' or ')}, got ${describe(answer)}`
  const wrongCode = strict && expect.codes !== undefined && answer.outcome !== 'allow' && answer.code !== undefined
  if (wrongCode && !expect.codes.includes(answer.code)) {
    return `expected the code ${expect.codes.join(' or ')}, got ${answer.code}`
  }
  return answer.outcome === 'allow' ? findDetail(answer, expect) : undefined
}

function outcomesOf({ outcome }: Expectation): readonly Outcome[] {
  return typeof outcome === 'string' ? [outcome] : outcome
}

/** An answer in a few words. */
function describe({ outcome, code, message }: Answer): string {
  const itsCode = code === undefined ? '' : ` ${code}`
  return `${outcome}${itsCode}${message === undefined ? '' : ` (${message})`}`
}

/** Compares what an answer tells beside its outcome, as far as it tells. */
function findDetail(answer: Answer, expect: Expectation): string | undefined {
  for (const name of ['acls', 'normalizedPath', 'mode'] as const) {
    if (expect[name] === undefined || answer[name] === undefined) continue
    if (!isDeepStrictEqual(answer[name], expect[name])) {
      return `expected ${name} ${show(expect[name])}, got ${show(answer[name])}`
    }
  }
  for (const part of ['header', 'claims'] as const) {
    const got = answer[part]
    if (got === undefined) continue
    for (const [name, value] of Object.entries(expect[part] ?? {})) {
      if (!isDeepStrictEqual(Object.hasOwn(got, name) ? got[name] : undefined, value)) {
        return `expected ${part}.${name} ${show(value)}, got ${show(got[name])}`
      }
    }
  }
  const { claims } = answer
  if (claims === undefined) return undefined
  const missing = expect.present?.find((name) => !Object.hasOwn(claims, name))
  if (missing !== undefined) return `expected the claim ${quote(missing)}, which is not there`
  const surplus = expect.absent?.find((name) => Object.hasOwn(claims, name))
  return surplus === undefined ? undefined : `expected no claim ${quote(surplus)}, which is there`
}

function show(value: unknown): string {
  return value === undefined ? 'nothing' : JSON.stringify(value)
}
