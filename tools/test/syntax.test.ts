import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { root } from '../process.ts'

test('sources have no `using`: they run as they are under Node 22, which does not know it', () => {
  const sources = globSync('{packages,examples}/*/src/**/*.ts', { cwd: root })
  expect(sources.length).toBeGreaterThan(200)
  const declaration = /^\s*(?:await )?using \w+ =/m
  expect(sources.filter((file) => declaration.test(readFileSync(join(root, file), 'utf8')))).toEqual([])
})
