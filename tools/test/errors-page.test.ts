import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { root } from '../process.ts'

const rows =
  readFileSync(join(root, 'docs', 'errors.md'), 'utf8')
    .split('## The codes')[1]
    ?.split('\n')
    .filter((line) => line.startsWith('| `'))
    .map((line) => line.split(/(?<!\\)\|/).map((cell) => cell.trim())) ?? []

const documented = new Map(rows.map(([, code = '', family = '']) => [code.replaceAll('`', ''), family]))

/** The tables of codes: that of core, and those of packages that have codes of their own. */
const files = globSync('packages/*/src/**/error-codes.ts', { cwd: root })
const tables = await Promise.all(
  files.map(async (file) => {
    const [name, families] = Object.entries((await import(join(root, file))) as Record<string, unknown>)[0]!
    return { file, name, families: families as Readonly<Record<string, string>> }
  }),
)

test.each(tables)('docs/errors.md has a row for each code of $file, with its family', ({ families }) => {
  for (const [code, family] of Object.entries(families)) expect(documented.get(code), code).toBe(family)
})

test('docs/errors.md has one row for each code, and no other', () => {
  expect(documented.size).toBe(rows.length)
  const known = new Set(tables.flatMap(({ families }) => Object.keys(families)))
  expect([...documented.keys()].filter((code) => !known.has(code))).toEqual([])
})

// Otherwise its users do not have the codes in their `switch (error.code)`.
test.each(tables)('the main entry of the package of $file exports the table', ({ file, name }) => {
  const [, directory] = file.split('/')
  const index = readFileSync(join(root, 'packages', directory!, 'src', 'index.ts'), 'utf8')
  expect(index).toMatch(/error-codes\.ts'/)
  expect(name).toMatch(/ERROR_FAMILIES$/)
})

test('each row has a meaning and a remedy', () => {
  for (const [, code, , meaning, remedy] of rows) {
    expect(meaning?.length, `meaning of ${code}`).toBeGreaterThan(15)
    expect(remedy?.length, `remedy of ${code}`).toBeGreaterThan(15)
  }
})
