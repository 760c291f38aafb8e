import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { type KeyRecord, type KeySchedule, planKeys } from '../../src/keys/key-schedule.ts'

const schedule: KeySchedule = { publishAheadSeconds: 172_800, signingSeconds: 1_000_000, retainSeconds: 345_600 }

/** Lets time pass as an issuer does that is up at these moments only, and tells what each moment's tokens and JWKS were. */
function live(steps: readonly number[]): {
  signed: { kid: string; at: number }[]
  published: { at: number; kids: string[] }[]
} {
  let keys: KeyRecord[] = []
  let now = 1_000_000
  const signed: { kid: string; at: number }[] = []
  const published: { at: number; kids: string[] }[] = []
  for (const step of steps) {
    now += step
    const before = planKeys(keys, schedule, now)
    keys = keys.filter((key) => !before.forget.includes(key))
    if (before.createForSigningAt !== undefined) {
      const generation = Math.max(0, ...keys.map((key) => key.generation)) + 1
      const signFrom = before.createForSigningAt
      keys.push({
        alg: 'ES256',
        generation,
        kid: `k${generation}`,
        publicJwk: {},
        reference: '',
        createdAt: now,
        signFrom,
      })
    }
    const plan = planKeys(keys, schedule, now)
    signed.push({ kid: plan.active!.kid, at: now })
    published.push({ at: now, kids: plan.published.map((key) => key.kid) })
  }
  return { signed, published }
}

const steps = fc.array(fc.integer({ min: 60, max: 400_000 }), { minLength: 2, maxLength: 60 })

test('whenever the issuer is up, exactly one key signs, and it is published', () => {
  fc.assert(
    fc.property(steps, (times) => {
      const { signed, published } = live(times)
      signed.forEach(({ kid }, index) => expect(published[index]!.kids).toContain(kid))
    }),
  )
})

test('no key but the very first signs before it was published for the whole time ahead', () => {
  fc.assert(
    fc.property(steps, (times) => {
      const { signed, published } = live(times)
      for (const { kid, at } of signed) {
        const since = published.find(({ kids }) => kids.includes(kid))!.at
        if (kid !== 'k1') expect(at - since).toBeGreaterThanOrEqual(schedule.publishAheadSeconds)
      }
    }),
  )
})

test('a key stays published for the whole retention after its last signature', () => {
  fc.assert(
    fc.property(steps, (times) => {
      const { signed, published } = live(times)
      for (const { kid, at } of signed) {
        for (const moment of published) {
          if (moment.at >= at && moment.at < at + schedule.retainSeconds) expect(moment.kids).toContain(kid)
        }
      }
    }),
  )
})

test('in the long run keys do not pile up', () => {
  const { published } = live(Array.from({ length: 2000 }, () => 50_000))
  expect(Math.max(...published.map(({ kids }) => kids.length))).toBeLessThanOrEqual(3)
  expect(new Set(published.flatMap(({ kids }) => kids)).size).toBeGreaterThan(90)
})
