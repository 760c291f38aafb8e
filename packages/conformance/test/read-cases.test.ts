import { describe, expect, test } from 'vitest'
import { readCases } from '../src/index.ts'
import { makeCase, makeFile } from './case-file.ts'

test('a case becomes a list of steps, and its section comes from its id', () => {
  const [only] = readCases(makeFile([makeCase('paths/equal')]), 'x.json').cases
  expect(only).toMatchObject({ id: 'paths/equal', section: 'paths', steps: [{ expect: { outcome: 'allow' } }] })
})

test('members that the format does not name are ignored', () => {
  expect(readCases(makeFile([makeCase('a/b', { colour: 'red' })], { author: 'x' }), 'x.json').cases).toHaveLength(1)
})

describe('a file that is not of the format is refused in one sentence that names the file and the place:', () => {
  const { request: _request, ...withoutRequest } = makeCase('a/b')
  const { template: _template, ...withoutToken } = makeCase('a/b')
  test.each([
    ['no JSON', '{', 'x.json is not JSON'],
    ['no object', '[]', 'x.json: the file is not a JSON object'],
    ['another format', makeFile([], { format: 'scitokens-conformance/2' }), 'format is "scitokens-conformance/2"'],
    ['no format', '{}', 'format is "missing"'],
    ['a clock that is no number', makeFile([], { now: 'noon' }), 'now is not a number'],
    ['keys that are no JWKs', makeFile([], { keys: { a: 5 } }), 'keys is not an object of JWKs'],
    ['issuers without lists', makeFile([], { issuers: { 'https://a': 'ec' } }), 'issuers is not'],
    ['no cases', makeFile([], { cases: undefined }), 'cases is not a list'],
    ['a case that is null', makeFile([null]), 'case number 1 is not an object'],
    ['a case without id', makeFile([makeCase('a/b'), makeCase('')]), 'case number 2 has no id'],
    ['an id used twice', makeFile([makeCase('a/b'), makeCase('a/b')]), 'case a/b is there twice'],
    ['a case without request', makeFile([withoutRequest]), 'case a/b has no request'],
    ['a case without token', makeFile([withoutToken]), 'case a/b has no token'],
    ['a request without op', makeFile([makeCase('a/b', { request: {} })]), 'case a/b has no request with an op'],
    ['an unknown outcome', makeFile([makeCase('a/b', { expect: { outcome: 'maybe' } })]), 'outcome that is none of'],
    ['no outcome at all', makeFile([makeCase('a/b', { expect: { outcome: [] } })]), 'outcome that is none of'],
    [
      'codes that are no strings',
      makeFile([makeCase('a/b', { expect: { outcome: 'deny', codes: [5] } })]),
      'expect.codes',
    ],
    ['a list of no steps', makeFile([makeCase('a/b', { steps: [] })]), 'case a/b has no list of steps'],
    ['a step that is a string', makeFile([makeCase('a/b', { steps: ['x'] })]), 'case a/b, step 1, is not an object'],
    ['a key that is not there', makeFile([makeCase('a/b')], { keys: {} }), 'names the key "ec"'],
    [
      'a token beyond all size',
      makeFile([makeCase('a/b', { token: { build: { start: '', repeat: 'aaaa', times: 1e12, end: '' } } })]),
      'case a/b has a bad token',
    ],
  ])('%s', (_name, text, message) => {
    expect(() => readCases(text, 'x.json')).toThrow(
      expect.objectContaining({ code: 'config_error', message: expect.stringContaining(message) as string }),
    )
  })
})
