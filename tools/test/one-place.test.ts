import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { root } from '../process.ts'

const sources = globSync('packages/*/src/**/*.ts', { cwd: root }).map((file) => ({
  file,
  text: readFileSync(join(root, file), 'utf8').replaceAll(/^\s*(?:\/\/|\/?\*).*$/gm, ''),
}))

const where = (pattern: RegExp): string[] => sources.filter(({ text }) => pattern.test(text)).map(({ file }) => file)

test('no source makes directories recursively: below /proc and an automounter that never ends', () => {
  expect(sources.length).toBeGreaterThan(300)
  expect(where(/\bmkdir(?:Sync)?\([^)]*recursive/)).toEqual([])
})
