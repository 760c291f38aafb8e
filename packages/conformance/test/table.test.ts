import { expect, test } from 'vitest'
import type { CaseResult } from '../src/index.ts'
import { makePage } from '../tools/table.ts'

function results(verdicts: Readonly<Record<string, CaseResult['verdict']>>): ReadonlyMap<string, CaseResult> {
  return new Map(
    Object.entries(verdicts).map(([id, verdict]) => [
      id,
      { id, section: id.split('/')[0]!, title: `the rule | of ${id}\n`, verdict, why: 'secret detail' },
    ]),
  )
}

const page = makePage([
  { name: 'ours', notes: [], results: results({ 'a/1': 'passed', 'a/2': 'passed', 'b/1': 'passed' }) },
  { name: 'theirs 1.0', notes: ['asked'], results: results({ 'a/1': 'passed', 'a/2': 'failed', 'b/1': 'skipped' }) },
  { name: 'absent', notes: ['could not be installed'], results: undefined },
])

test('a case is listed where somebody differs, and only there', () => {
  expect(page).toContain('| `a/2` | the rule \\| of a/2· | as expected | differs |')
  expect(page).not.toContain('`a/1`')
  expect(page).not.toContain('### b')
})

test('a case that a program died of is listed, and never counted as agreement or difference', () => {
  const died = makePage([
    { name: 'ours', notes: [], results: results({ 'a/1': 'passed', 'a/2': 'passed' }) },
    { name: 'theirs', notes: [], results: results({ 'a/1': 'passed', 'a/2': 'ended' }) },
  ])
  expect(died).toContain('| `a/2` | the rule \\| of a/2· | as expected | ended |')
  expect(died).toContain('| a | 2 | 2 as expected | 1 as expected, 1 ended |')
  expect(died).not.toContain('secret detail')
})

test('it says that answers differ, never how', () => {
  expect(page).not.toContain('secret detail')
})

test('sections are counted, and what was not asked is told apart', () => {
  expect(page).toContain('| a | 2 | 2 as expected | 1 as expected, 1 differ |')
  expect(page).toContain('| b | 1 | 1 as expected | 0 as expected, 1 not asked |')
  expect(page).toContain('| **all** | 3 | 3 as expected | 1 as expected, 1 differ, 1 not asked |')
})

test('an implementation that could not be had is named and has no column', () => {
  expect(page).toContain('- **absent**: could not be installed.')
  expect(page).not.toContain('| absent')
})
