import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { root } from '../process.ts'

const filesWith = (pattern: RegExp, ...globs: readonly string[]): string[] =>
  globSync(globs, { cwd: root, exclude: (name) => name.includes('node_modules') })
    .filter((file) => pattern.test(readFileSync(join(root, file), 'utf8')))
    .toSorted()

// What starts a program for a test of `npm test`: the tests, their helpers and programs. tests/interop and tests/runtimes have
// scripts of their own, which insist on all that they need.
const TESTS = [
  '{packages,examples}/*/test/**/*.{ts,mts,js,mjs}',
  'tests/{dist,docs,guards,interop-cpp,programs}/{src,test}/**/*.{ts,mts,js,mjs}',
  'tools/test/**/*.{ts,mts,js,mjs}',
]

test('tests start processes only through tests/programs, which knows what each has asked for by name', () => {
  expect(globSync(TESTS, { cwd: root }).length).toBeGreaterThan(300)
  // In whatever way a module is had: import, export, require, import() or getBuiltinModule.
  expect(filesWith(/['"`](?:node:)?child_[p]rocess['"`]/, ...TESTS)).toEqual(['tests/programs/src/processes.ts'])
})

test('nothing but tests uses what is made for tests', () => {
  expect(filesWith(/['"]@scitokens-tests\//, '{packages,examples}/*/src/**/*.ts', 'packages/*/page/**/*.ts')).toEqual(
    [],
  )
})
