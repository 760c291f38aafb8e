import { createHash } from 'node:crypto'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { digest as onNode } from '../src/digest-node.ts'
import { digest as elsewhere } from '../src/digest-web.ts'

test('both builds give SHA-256, as one character for each byte', async () => {
  await fc.assert(
    fc.asyncProperty(fc.string({ unit: 'binary', maxLength: 300 }), async (text) => {
      const expected = createHash('sha256').update(text).digest('binary')
      expect(onNode(text)).toBe(expected)
      expect(await elsewhere(text)).toBe(expected)
    }),
  )
})
