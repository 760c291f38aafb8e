import { describe, expect, test } from 'vitest'
import {
  type Answer,
  type CaseFile,
  findDifference,
  type Implementation,
  makeReport,
  type Question,
  readCases,
  runCases,
  thisProject,
} from '../src/index.ts'
import { ISSUER, makeCase, makeFile, newKey, template } from './case-file.ts'

function fileOf(...cases: readonly unknown[]): CaseFile {
  return readCases(makeFile(cases), 'x.json')
}

/** An implementation that answers what it is told to, and remembers what it was asked. */
function answering(answer: Answer | (() => never), members: Partial<Implementation> = {}) {
  const asked: (Question & { verifier: number })[] = []
  let verifiers = 0
  const implementation: Implementation = {
    name: 'a stand-in',
    clock: 'settable',
    tellsRefusalsApart: true,
    lacks: () => undefined,
    createVerifier: () => {
      const verifier = ++verifiers
      return {
        ask: async (question) => {
          asked.push({ ...question, verifier })
          return typeof answer === 'function' ? answer() : answer
        },
      }
    },
    ...members,
  }
  return { implementation, asked }
}

describe('a case', () => {
  test('gets a verifier of its own, and all its steps the same one', async () => {
    const step = { template: template(), request: { op: 'verify' }, expect: { outcome: 'allow' } }
    const { implementation, asked } = answering({ outcome: 'allow' })
    await runCases(fileOf(makeCase('a/1', { steps: [step, step] }), makeCase('a/2')), implementation)
    expect(asked.map(({ verifier }) => verifier)).toEqual([1, 1, 2])
  })

  test('fails where the outcome is another one', async () => {
    const { implementation } = answering({ outcome: 'deny', code: 'scope_denied', message: 'no' })
    const [result] = await runCases(fileOf(makeCase('a/1')), implementation)
    expect(result).toMatchObject({ verdict: 'failed', why: 'expected allow, got deny scope_denied (no)' })
  })

  test('passes where the outcome is one of several', async () => {
    const { implementation } = answering({ outcome: 'error' })
    const [result] = await runCases(fileOf(makeCase('a/1', { expect: { outcome: ['deny', 'error'] } })), implementation)
    expect(result).toMatchObject({ verdict: 'passed' })
  })

  test('fails by a stray exception, even where a refusal is expected', async () => {
    const { implementation } = answering(() => {
      throw new TypeError('bad cast')
    })
    const [result] = await runCases(fileOf(makeCase('a/1', { expect: { outcome: 'invalid' } })), implementation)
    expect(result).toMatchObject({ verdict: 'failed', why: 'a stray exception: TypeError: bad cast' })
  })

  test('names the step that failed', async () => {
    const step = { template: template(), request: { op: 'verify' } }
    const steps = [
      { ...step, expect: { outcome: 'allow' } },
      { ...step, expect: { outcome: 'invalid' } },
    ]
    const { implementation } = answering({ outcome: 'allow' })
    const [result] = await runCases(fileOf(makeCase('a/1', { steps })), implementation)
    expect(result?.why).toBe('step 2: expected invalid, got allow')
  })

  test.each([
    ['acls', { acls: [['read', '/b']] }, { acls: [['read', '/a']] }],
    ['the path that was judged', { normalizedPath: '/b' }, { normalizedPath: '/a' }],
    ['the mode', { mode: 'groups' }, { mode: 'capability' }],
    ['a claim', { claims: { aud: 'b' } }, { claims: { aud: 'a' } }],
    ['a header member', { header: { kid: 'b' } }, { header: { kid: 'a' } }],
    ['a claim that must be there', { claims: {} }, { present: ['jti'] }],
    ['a claim that must not', { claims: { ver: 'x' } }, { absent: ['ver'] }],
  ])('fails where %s differs', async (_name, answer, expectation) => {
    const { implementation } = answering({ outcome: 'allow', ...(answer as Partial<Answer>) })
    const [result] = await runCases(
      fileOf(makeCase('a/1', { expect: { outcome: 'allow', ...expectation } })),
      implementation,
    )
    expect(result?.verdict).toBe('failed')
  })

  test('is compared by its outcome only where the implementation tells no more', async () => {
    const { implementation } = answering({ outcome: 'allow' })
    const more = { acls: [['read', '/a']], normalizedPath: '/a', mode: 'capability', claims: { a: 1 }, present: ['b'] }
    const [result] = await runCases(fileOf(makeCase('a/1', { expect: { outcome: 'allow', ...more } })), implementation)
    expect(result?.verdict).toBe('passed')
  })

  test('has its codes compared only when asked to be strict', async () => {
    const { implementation } = answering({ outcome: 'invalid', code: 'expired' })
    const file = fileOf(makeCase('a/1', { expect: { outcome: 'invalid', codes: ['missing_claim'] } }))
    expect((await runCases(file, implementation))[0]?.verdict).toBe('passed')
    expect((await runCases(file, implementation, { strict: true }))[0]?.verdict).toBe('failed')
  })
})

describe('what cannot be asked is skipped and counted, never passed:', () => {
  test.each([
    ['an option nobody knows', { enforcer: { issuers: [ISSUER], telepathy: true } }, 'telepathy'],
    ['a question nobody knows', { request: { op: 'guess' } }, 'guess'],
  ])('%s', async (_name, members, why) => {
    const results = await runCases(fileOf(makeCase('a/1', members)), thisProject)
    expect(results[0]).toMatchObject({ verdict: 'skipped', why: expect.stringContaining(why) as string })
    expect(makeReport('x', results)).toMatchObject({ passed: 0, failed: 0, skipped: 1 })
  })

  test.each([
    ['signing, where there is nothing to sign with', { request: { op: 'sign', key: 'ec' }, template: undefined }],
    ['what the implementation says it lacks', { enforcer: { strict: true } }],
  ])('%s', async (_name, members) => {
    const { implementation, asked } = answering(
      { outcome: 'allow' },
      { lacks: ({ strict }) => (strict ? 'no strict' : undefined) },
    )
    const results = await runCases(fileOf(makeCase('a/1', members)), implementation)
    expect(results[0]?.verdict).toBe('skipped')
    expect(asked).toEqual([])
  })

  test.each([
    ['a token without template', { template: undefined, token: 'a.b.c' }],
    ['a step with a time of its own', { steps: [{ ...makeCase('x'), now: 5 }] }],
  ])('where the clock cannot be set: %s', async (_name, members) => {
    const { implementation, asked } = answering({ outcome: 'allow' }, { clock: 'real' })
    const results = await runCases(fileOf(makeCase('a/1', members)), implementation)
    expect(results[0]?.verdict).toBe('skipped')
    expect(asked).toEqual([])
  })
})

describe('the clock and the keys', () => {
  test('stand at the time of the step, else of the file', async () => {
    const step = { template: template(), request: { op: 'verify' }, expect: { outcome: 'allow' } }
    const { implementation, asked } = answering({ outcome: 'allow' })
    await runCases(fileOf(makeCase('a/1', { steps: [{ ...step, now: 1_790_000_500 }, step] })), implementation)
    expect(asked.map(({ now }) => now)).toEqual([1_790_000_500, 1_790_000_000])
  })

  test('tokens are signed afresh for the real time where the clock cannot be set', async () => {
    const real: Implementation = { ...thisProject, clock: 'real' }
    const file = fileOf(makeCase('a/1', { token: 'eyJ.not.used' }))
    const [result] = await runCases(file, real, { realClock: () => 1_900_000_000 })
    expect(result).toMatchObject({ verdict: 'passed' })
  })

  test('default keys are published without their private members', async () => {
    const { implementation, asked } = answering({ outcome: 'allow' })
    await runCases(fileOf(makeCase('a/1')), implementation)
    const [set] = Object.values(asked[0]!.published) as { keys: Record<string, unknown>[] }[]
    expect(set!.keys).toHaveLength(1)
    expect(Object.keys(set!.keys[0]!).toSorted()).toEqual(['alg', 'crv', 'kid', 'kty', 'use', 'x', 'y'])
  })

  test.each([
    ['one value is published by every issuer', [], { [ISSUER]: [] }],
    ['a value per issuer leaves the others alone', { 'https://b.example': 7 }, { 'https://b.example': 7 }],
    ['an empty object is a value', {}, { [ISSUER]: {} }],
    ['null is a value', null, { [ISSUER]: null }],
  ])('%s', async (_name, jwks, expected) => {
    const { implementation, asked } = answering({ outcome: 'allow' })
    await runCases(fileOf(makeCase('a/1', { jwks })), implementation)
    expect(asked[0]!.published).toMatchObject(expected)
    expect(asked[0]!.published).toHaveProperty([ISSUER])
  })

  test('a step may publish something of its own', async () => {
    const step = { template: template(), request: { op: 'verify' }, expect: { outcome: ['allow', 'invalid'] } }
    const jwks = { keys: [newKey('other')] }
    const file = fileOf(makeCase('a/1', { steps: [step, { ...step, jwks }, step] }))
    const { implementation, asked } = answering({ outcome: 'allow' })
    await runCases(file, implementation)
    expect(asked[1]!.published[ISSUER]).toEqual(jwks)
    expect(asked[2]!.published).toBe(asked[0]!.published)
    const results = await runCases(file, { ...thisProject })
    expect(results[0]).toMatchObject({ verdict: 'passed', answer: { outcome: 'allow' } })
  })
})

test.each([{ strcit: true }, { strict: 'yes' }, { realClock: 5 }])(
  'options that are misspelt or mistyped are refused: %j',
  async (options) => {
    const refused = expect.objectContaining({ code: 'config_error' })
    await expect(runCases(fileOf(makeCase('a/1')), thisProject, options as never)).rejects.toEqual(refused)
    expect(() => findDifference({ outcome: 'allow' }, { outcome: 'allow' }, options as never)).toThrow(refused)
  },
)
