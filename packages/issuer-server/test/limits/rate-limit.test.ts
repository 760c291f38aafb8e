import Fastify from 'fastify'
import { expect, onTestFinished, test, vi } from 'vitest'
import { limitRate } from '../../src/limits/rate-limit.ts'
import { readRateLimits } from '../../src/limits/rate-limits.ts'

test('a clock that is set back by a day keeps nobody waiting for longer than the minute', async () => {
  vi.useFakeTimers({ toFake: ['Date'] })
  onTestFinished(() => void vi.useRealTimers())
  let passedMs = 0
  const app = Fastify()
  const limits = readRateLimits({ perClient: 2, perAddress: 100 })
  limitRate(app, () => limits, { nowMs: () => passedMs })
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
