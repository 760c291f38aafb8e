import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { CASES, makeCaseFiles } from '../tools/generated-files.ts'

test('the generated case files are what their definitions make', () => {
  for (const [name, text] of makeCaseFiles()) {
    expect(readFileSync(new URL(name, CASES), 'utf8') === text, `${name} is out of date: make it anew`).toBe(true)
  }
})
