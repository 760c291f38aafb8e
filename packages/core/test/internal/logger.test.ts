import { expect, test } from 'vitest'
import { type Logger, silentLogger } from '../../src/internal.ts'

test('a logger gets details first, and then one sentence; the silent one takes them and says nothing', () => {
  const lines: unknown[] = []
  const logger: Logger = {
    ...silentLogger,
    warn: (details, message) => lines.push([details, message]),
  }
  for (const one of [silentLogger, logger]) {
    one.info({ issuer: 'a' }, 'one')
    one.warn({ issuer: 'a' }, 'two')
    one.error({}, 'three')
  }
  expect(lines).toEqual([[{ issuer: 'a' }, 'two']])
})
