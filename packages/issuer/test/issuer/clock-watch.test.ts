import { expect, test } from 'vitest'
import { ClockWatch } from '../../src/issuer/clock-watch.ts'
import { basic, loginByCode, SECRET, startIssuerForPeople } from '../support/harness.ts'

function watched(): { move: (steady: number, clock?: number) => boolean } {
  let steady = 0
  let clock = 1_800_000_000
  const watch = new ClockWatch(
    () => clock,
    () => steady * 1000,
  )
  return {
    move: (passed, shown = passed) => {
      steady += passed
      clock += shown
      return watch.believes()
    },
  }
}

test('a clock that goes with the time is believed, however seldom it is looked at, and so is one that goes back', () => {
  const { move } = watched()
  expect([move(10), move(86_400), move(10, -1_000_000), move(10), move(10, 3000)]).toEqual(Array(5).fill(true))
})

test('a clock that leaps ahead is believed after an hour', () => {
  const { move } = watched()
  expect([move(10, 1_000_000), move(10), move(3000), move(589), move(1), move(10)]).toEqual([
    false,
    false,
    false,
    false,
    true,
    true,
  ])
})

test('a clock that comes back from its leap is believed at once', () => {
  const { move } = watched()
  expect([move(10, 1_000_000), move(10), move(10, -999_990), move(10)]).toEqual([false, false, true, true])
})

test('logins outlive a clock that is a year ahead for a while, and what has expired is cleared away after it', async () => {
  const warnings: string[] = []
  const logger = { info() {}, warn: (_: object, message: string) => void warnings.push(message), error() {} }
  const harness = await startIssuerForPeople({}, { maintenanceIntervalMs: 5, logger })
  const { store } = harness.issuer.realms[0]!
  const { body } = await loginByCode(harness)
  const key = { realm: harness.url, kind: 'used', id: 'once' } as const
  await store.insertIfAbsent({ ...key, value: {}, expiresAt: harness.clock.now + 10 })
  harness.clock.advance(365 * 86_400)
  await expect.poll(() => warnings).toEqual([expect.stringContaining('the clock has leapt ahead')])
  harness.clock.advance(-365 * 86_400)
  expect(await store.get(key)).toBeDefined()
  const form = { grant_type: 'refresh_token', refresh_token: body['refresh_token'] as string }
  expect((await harness.token(form, basic('app', SECRET))).status).toBe(200)

  harness.clock.advance(20)
  const left = async (): Promise<boolean> => {
    // As if no time had passed: also the expired are seen.
    harness.clock.advance(-20)
    const entry = await store.get(key)
    harness.clock.advance(20)
    return entry !== undefined
  }
  await expect.poll(left).toBe(false)
})
