import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { ERROR_CODES, ERROR_FAMILIES } from '@scitokens/core'
import { expect, test } from 'vitest'
import { root } from '../process.ts'

const rows =
  readFileSync(join(root, 'docs', 'errors.md'), 'utf8')
    .split('## The codes')[1]
    ?.split('\n')
    .filter((line) => line.startsWith('| `'))
    .map((line) => line.split(/(?<!\\)\|/).map((cell) => cell.trim())) ?? []

test('docs/errors.md has one row for each error code, and no other', () => {
  const documented = rows.map((cells) => (cells[1] ?? '').replaceAll('`', ''))
  expect(documented.toSorted()).toEqual([...ERROR_CODES].toSorted())
})

test('each row names the family that the code has, a meaning and a remedy', () => {
  for (const [, code, family, meaning, remedy] of rows) {
    expect(family, `family of ${code}`).toBe(
      (ERROR_FAMILIES as Readonly<Record<string, string>>)[code!.replaceAll('`', '')],
    )
    expect(meaning?.length, `meaning of ${code}`).toBeGreaterThan(15)
    expect(remedy?.length, `remedy of ${code}`).toBeGreaterThan(15)
  }
})
