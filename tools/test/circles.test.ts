import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { betweenWings, circles } from '../circles.ts'
import { readImportGraph } from '../imports.ts'
import { packages } from '../packages.ts'

for (const { id, folder } of packages) {
  const files = readImportGraph(join(folder, 'src'))

  test(`no file of ${id} imports itself by way of others`, () => {
    expect(files.size).toBeGreaterThan(0)
    expect(circles(files)).toEqual([])
  })

  test(`no wing of ${id} imports itself by way of others`, () => {
    expect(circles(betweenWings(files))).toEqual([])
  })
}

describe('the check for circles', () => {
  let folder: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'circles-'))
  })
  afterEach(() => rmSync(folder, { recursive: true }))

  const write = (files: Readonly<Record<string, string>>): void => {
    for (const [file, text] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, file)), { recursive: true })
      writeFileSync(join(folder, file), text)
    }
  }
  const circlesBetweenFiles = (): string[][] => circles(readImportGraph(folder))
  const circlesBetweenWings = (): string[][] => circles(betweenWings(readImportGraph(folder)))

  test.each([
    ["import { b } from './b.ts'\n"],
    ["import type { B } from './b.ts'\n"],
    ["import {\n  b,\n  type B,\n} from './b.ts'\n"],
    ["export { b } from './b.ts'\n"],
    ["export type * from './b.ts'\n"],
    ["import './b.ts'\n"],
    ["const b = await import('./b.ts')\n"],
    ["type B = import('./b.ts').B\n"],
    ['import { b } from "./b.ts"\n'],
  ])('sees %j', (source) => {
    write({ 'a.ts': source, 'b.ts': "import type { C } from './wing/c.ts'\n", 'wing/c.ts': "import '../a.ts'\n" })
    expect(circlesBetweenFiles()).toEqual([['a.ts', 'b.ts', 'wing/c.ts', 'a.ts']])
  })

  test('sees two wings that import each other although no two files do', () => {
    write({
      'one/a.ts': "import '../two/a.ts'\n",
      'one/b.ts': '',
      'two/a.ts': '',
      'two/b.ts': "import type { B } from '../one/b.ts'\n",
    })
    expect(circlesBetweenFiles()).toEqual([])
    expect(circlesBetweenWings()).toEqual([['one', 'two', 'one']])
  })

  test('takes no comment and no package for an import of a file', () => {
    write({ 'a.ts': "import '@scitokens/core'\n// import './b.ts'\n * from './b.ts'\n", 'b.ts': "import './a.ts'\n" })
    expect(circlesBetweenFiles()).toEqual([])
  })
})
