import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { expect, test } from 'vitest'

function signaturesInHeap(how: 'keep' | 'forget'): unknown {
  const script = join(import.meta.dirname, 'heap-of-a-cache.ts')
  const args = ['--expose-gc', '--conditions=@scitokens/source', script, how]
  const { stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8', maxBuffer: 1024 * 1024 })
  if (stdout === '') throw new Error(stderr)
  return (JSON.parse(stdout) as { found: number }).found
}

test('whoever reads the memory finds no token that could be used: of those that are remembered no signature is kept', () => {
  expect(signaturesInHeap('forget')).toBe(0)
})

test('a token that was kept would be found', () => {
  expect(signaturesInHeap('keep')).toBe(3)
})
