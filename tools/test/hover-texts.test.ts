import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { packages } from '../packages.ts'

// The reports of the public API mark what has no text of its own; `npm run check` keeps them true to the sources.
for (const { id, folder } of packages) {
  test(`every public name of ${id} has a text that an editor shows`, () => {
    const reports = globSync('etc/*.api.md', { cwd: folder })
    expect(reports.length).toBeGreaterThan(0)
    const bare = reports.flatMap((report) =>
      [...readFileSync(join(folder, report), 'utf8').matchAll(/\(undocumented\)\n\s*(.*)/g)].map(([, name]) => name),
    )
    expect(bare).toEqual([])
  })

  test(`no text of ${id} is a single word`, () => {
    const short = globSync('src/**/*.ts', { cwd: folder }).flatMap((file) =>
      [...readFileSync(join(folder, file), 'utf8').matchAll(/\/\*\*\s*\S+\s*\*\/\s*(.*)/g)].map(
        ([text]) => `${file}: ${text}`,
      ),
    )
    expect(short).toEqual([])
  })
}
