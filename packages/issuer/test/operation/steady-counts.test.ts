import Fastify from 'fastify'
import { expect, onTestFinished, test, vi } from 'vitest'
import { limitRate } from '../../src/operation/rate-limit.ts'
import { readRateLimits } from '../../src/operation/rate-limits.ts'
import { steadyCounts } from '../../src/limits/steady-counts.ts'

test('a clock that is set back by a day keeps nobody waiting for longer than the minute', async () => {
  vi.useFakeTimers({ toFake: ['Date'] })
  onTestFinished(() => void vi.useRealTimers())
  let passedMs = 0
  const app = Fastify()
  const limits = readRateLimits({ perClient: 2, perAddress: 100 })
  await limitRate(app, () => limits, { nowMs: () => passedMs })
  app.post('/', async () => 'done')
  onTestFinished(() => app.close())
  const ask = async (): Promise<number> => (await app.inject({ method: 'POST', url: '/' })).statusCode
  expect([await ask(), await ask(), await ask()]).toEqual([200, 200, 429])
  vi.setSystemTime(Date.now() - 86_400_000)
  passedMs += 59_999
  expect(await ask()).toBe(429)
  passedMs += 1
  expect([await ask(), await ask(), await ask()]).toEqual([200, 200, 429])
})

test('only so many are counted at a time; the longest unseen is forgotten first', () => {
  const counts = new (steadyCounts(3, () => 0))({})
  const count = (key: string): number => {
    let result = 0
    counts.incr(key, (_, { current } = { current: 0, ttl: 0 }) => (result = current), 60_000, 1)
    return result
  }
  expect(['a', 'b', 'c', 'a', 'd'].map(count)).toEqual([1, 1, 1, 2, 1])
  // "b" made room for "d".
  expect(['a', 'c', 'd', 'b'].map(count)).toEqual([3, 2, 2, 1])
})
