import { ConfigError } from '@scitokens/core'
import { given, quote } from '@scitokens/core/internal'
import {
  CASE_FORMAT,
  type CaseFile,
  type CaseRequest,
  type ConformanceCase,
  type Expectation,
  type Outcome,
  OUTCOMES,
  type PrivateJwk,
  type Step,
  type Template,
  type TokenBuild,
} from './format.ts'

/** Longest token that a `build` may ask for, in characters. */
const MAX_BUILT_TOKEN = 64 * 1024 * 1024

type Members = Record<string, unknown>

/**
 * Reads the text of a case file. Members that the format does not name are ignored; what it does name must be of its type.
 * Throws `config_error` with one sentence that names the file and the place.
 *
 * @param name - of the file, for messages.
 */
export function readCases(text: string, name: string): CaseFile {
  let document: unknown
  try {
    document = JSON.parse(text)
  } catch (cause) {
    throw new ConfigError('config_error', `${name} is not JSON`, { cause })
  }
  const fail = (where: string, why: string): never => {
    throw new ConfigError('config_error', `${name}: ${where} ${why}`)
  }
  if (!isObject(document)) return fail('the file', 'is not a JSON object')
  const format = document['format']
  if (format !== CASE_FORMAT) return fail('format', `is ${quote(format ?? 'missing')}, not "${CASE_FORMAT}"`)
  const { now, keys, issuers, cases } = document
  if (typeof now !== 'number' || !Number.isFinite(now)) return fail('now', 'is not a number of seconds')
  if (keys !== undefined && !(isObject(keys) && Object.values(keys).every(isObject))) {
    return fail('keys', 'is not an object of JWKs')
  }
  if (issuers !== undefined && !(isObject(issuers) && Object.values(issuers).every(isStrings))) {
    return fail('issuers', 'is not an object of lists of key names')
  }
  if (!Array.isArray(cases)) return fail('cases', 'is not a list')
  const seen = new Set<string>()
  return {
    name,
    now,
    keys: (keys ?? {}) as Record<string, PrivateJwk>,
    issuers: (issuers ?? {}) as Record<string, string[]>,
    cases: cases.map((entry: unknown, index) => {
      const read = readCase(entry, index, fail)
      if (seen.has(read.id)) return fail(`case ${read.id}`, 'is there twice')
      seen.add(read.id)
      const unknown = keyNames(read).find((key) => !Object.hasOwn(keys ?? {}, key))
      if (unknown !== undefined) return fail(`case ${read.id}`, `names the key ${quote(unknown)}, which is not there`)
      return read
    }),
  }
}

type Fail = (where: string, why: string) => never

function readCase(entry: unknown, index: number, fail: Fail): ConformanceCase {
  if (!isObject(entry)) return fail(`case number ${index + 1}`, 'is not an object')
  const { id, section, title, source, enforcer, steps } = entry
  if (typeof id !== 'string' || id === '') return fail(`case number ${index + 1}`, 'has no id')
  const where = `case ${id}`
  if (enforcer !== undefined && !isObject(enforcer)) return fail(where, 'has an enforcer that is no object')
  if (steps !== undefined && (!Array.isArray(steps) || steps.length === 0)) return fail(where, 'has no list of steps')
  return {
    id,
    section: typeof section === 'string' ? section : id.split('/')[0]!,
    title: typeof title === 'string' ? title : id,
    source: typeof source === 'string' ? source : '',
    ...(Object.hasOwn(entry, 'jwks') ? { jwks: entry['jwks'] } : {}),
    ...given({ enforcer }),
    steps:
      steps === undefined
        ? [readStep({ ...entry, jwks: undefined }, where, fail)]
        : steps.map((step: unknown, at) => readStep(step, `${where}, step ${at + 1},`, fail)),
  }
}

/** The keys that a case cannot do without. */
function keyNames({ steps }: ConformanceCase): readonly string[] {
  return steps.flatMap(({ template, request }) => [
    ...chainOf(template).map(({ key }) => key),
    ...(request.op === 'sign' ? [request.key ?? ''] : []),
  ])
}

/** A template and those of its parents. */
function chainOf(template: Template | undefined): readonly Template[] {
  return template === undefined ? [] : [template, ...chainOf(template.parent)]
}

function readStep(entry: unknown, where: string, fail: Fail): Step {
  if (!isObject(entry)) return fail(where, 'is not an object')
  const { template, token, request, expect, now, jwks } = entry
  if (!isObject(request) || typeof request['op'] !== 'string') return fail(where, 'has no request with an op')
  if (now !== undefined && (typeof now !== 'number' || !Number.isFinite(now))) return fail(where, 'has a bad now')
  if (template !== undefined && !isTemplate(template)) return fail(where, 'has a bad template')
  if (token !== undefined && typeof token !== 'string' && !isBuild(token)) return fail(where, 'has a bad token')
  if (token === undefined && template === undefined && request['op'] !== 'sign') return fail(where, 'has no token')
  return {
    ...given({ template: template as Template | undefined }),
    ...given({ token }),
    request: request as unknown as CaseRequest,
    expect: readExpectation(expect, where, fail),
    ...given({ now, jwks }),
  }
}

function readExpectation(expect: unknown, where: string, fail: Fail): Expectation {
  if (!isObject(expect)) return fail(where, 'has no expect')
  const outcomes = Array.isArray(expect['outcome']) ? expect['outcome'] : [expect['outcome']]
  if (outcomes.length === 0 || !outcomes.every((outcome) => OUTCOMES.includes(outcome as Outcome))) {
    return fail(where, `expects an outcome that is none of ${OUTCOMES.join(', ')}`)
  }
  for (const name of ['codes', 'present', 'absent']) {
    if (expect[name] !== undefined && !isStrings(expect[name])) return fail(where, `has a bad expect.${name}`)
  }
  for (const name of ['header', 'claims']) {
    if (expect[name] !== undefined && !isObject(expect[name])) return fail(where, `has a bad expect.${name}`)
  }
  const acls = expect['acls']
  if (acls !== undefined && !(Array.isArray(acls) && acls.every((acl) => isStrings(acl) && acl.length === 2))) {
    return fail(where, 'has a bad expect.acls')
  }
  return expect as unknown as Expectation
}

function isObject(value: unknown): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isStrings(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string')
}

function isTemplate(value: unknown): boolean {
  if (!isObject(value) || typeof value['key'] !== 'string') return false
  const { header, claims, inArray, parent } = value
  if (inArray !== undefined && typeof inArray !== 'boolean') return false
  return isObject(header) && isObject(claims) && (parent === undefined || isTemplate(parent))
}

function isBuild(value: unknown): value is TokenBuild {
  if (!isObject(value) || !isObject(value['build'])) return false
  const { start, repeat, times, end } = value['build']
  if (typeof start !== 'string' || typeof repeat !== 'string' || typeof end !== 'string') return false
  return Number.isInteger(times) && (times as number) >= 0 && repeat.length * (times as number) <= MAX_BUILT_TOKEN
}
