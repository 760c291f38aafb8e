import { describe, expect, test } from 'vitest'
import { readFiles, runCases, thisProject } from '../src/index.ts'

const files = await readFiles([])

describe('this project gives the right answer, for the right reason, to every case of', () => {
  test.each(files.map((file) => [file.name.replace(/^.*\//, ''), file] as const))('%s', async (_name, file) => {
    const results = await runCases(file, thisProject, { strict: true })
    expect(results.filter(({ verdict }) => verdict !== 'passed')).toEqual([])
    expect(results).toHaveLength(file.cases.length)
  })
})

test('every id is used once in all files together, and belongs to its section', () => {
  const cases = files.flatMap((file) => file.cases)
  expect(new Set(cases.map(({ id }) => id)).size).toBe(cases.length)
  expect(cases.filter(({ id, section }) => !id.startsWith(`${section}/`))).toEqual([])
})

test('every case has a title and names where its rule comes from', () => {
  const nameless = files.flatMap((file) => file.cases).filter(({ id, title, source }) => title === id || source === '')
  expect(nameless).toEqual([])
})
