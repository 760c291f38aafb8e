import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { conformanceMain } from '../src/index.ts'
import { makeCase, makeFile } from './case-file.ts'

let directory: string
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'conformance-'))
})
afterEach(() => rm(directory, { recursive: true }))

async function write(name: string, text: string): Promise<string> {
  const path = join(directory, name)
  await writeFile(path, text)
  return path
}

async function run(...argv: string[]): Promise<{ status: number; out: string; err: string }> {
  let out = ''
  let err = ''
  const status = await conformanceMain(argv, { out: (text) => (out += text), err: (text) => (err += text) })
  return { status, out, err }
}

const right = makeCase('a/right')
const wrong = makeCase('b/wrong', { title: 'down is up', expect: { outcome: 'invalid' } })
const strange = makeCase('b/strange', { enforcer: { telepathy: true } })

test('all passed: the sum is the last line, and the status 0', async () => {
  const { status, out } = await run(await write('x.json', makeFile([right])))
  expect(status).toBe(0)
  expect(out).toBe('a  1 of 1\n1 passed, 0 failed\n')
})

test('a failed case has a line that says what was expected and what came; the status is 1', async () => {
  const { status, out } = await run(await write('x.json', makeFile([right, wrong, strange])))
  expect(status).toBe(1)
  expect(out.split('\n')).toEqual([
    'FAILED  b/wrong: down is up: expected invalid, got allow',
    'a  1 of 1',
    'b  0 of 1, 1 not asked',
    '1 passed, 1 failed, 1 skipped',
    '',
  ])
})

test('--skips adds a line for each skipped case', async () => {
  const { out } = await run('--skips', await write('x.json', makeFile([right, strange])))
  expect(out).toContain('skipped b/strange: a title: the option telepathy is not known here\n')
})

test('--json gives the same as one object', async () => {
  const { status, out } = await run(await write('x.json', makeFile([right, wrong])), '--json')
  expect(status).toBe(1)
  expect(JSON.parse(out)).toMatchObject({
    passed: 1,
    failed: 1,
    skipped: 0,
    sections: { a: { passed: 1 }, b: { failed: 1 } },
    notPassed: [{ id: 'b/wrong', why: 'expected invalid, got allow' }],
  })
})

test('--strict compares codes', async () => {
  const expired = { expect: { outcome: 'invalid', codes: ['missing_claim'] }, request: { op: 'verify' } }
  const { status, out } = await run(
    '--strict',
    await write('x.json', makeFile([makeCase('a/x', { ...expired, token: 'a.b' })])),
  )
  expect(status).toBe(1)
  expect(out).toContain('expected the code missing_claim, got malformed_token')
})

test('several files, and all case files of a directory, are counted together', async () => {
  const first = await write('x.json', makeFile([right]))
  await write('y.json', makeFile([makeCase('c/more')]))
  await write('notes.txt', 'no case file')
  expect((await run(first, join(directory, 'y.json'))).out).toContain('2 passed, 0 failed')
  expect((await run(directory)).out).toContain('2 passed, 0 failed')
})

test.each([
  ['a file that is no JSON', '{'],
  ['a file without any case', makeFile([])],
])('%s: one sentence on standard error, nothing is run, and the status is 2', async (_name, text) => {
  const good = await write('a.json', makeFile(text === '{' ? [right] : []))
  const { status, out, err } = await run(good, await write('x.json', text))
  expect({ status, out }).toEqual({ status: 2, out: '' })
  expect(err).toMatch(/^[^\n]+\n$/)
})

test('a file that is not there, a directory without cases, and an unknown option: the status is 2', async () => {
  for (const argv of [[join(directory, 'none.json')], [directory], ['--loud']]) {
    const { status, out, err } = await run(...argv)
    expect({ status, out }).toEqual({ status: 2, out: '' })
    expect(err).toMatch(/^[^\n]+\n$/)
  }
})
