import { expect, test } from 'vitest'
import { bundledSize } from '../bench/size.ts'

test('the main entry with jose stays under 25 kB gzipped in a browser bundle, and imports nothing of Node', async () => {
  expect(await bundledSize()).toBeLessThan(25_000)
})
