import { expect, test } from 'vitest'
import { derValue } from '../../src/der/der.ts'
import { secondsOf, secondsOfGeneralizedTime } from '../../src/der/time.ts'

function time(tag: number, text: string): ReturnType<typeof derValue> {
  return derValue(Buffer.concat([Buffer.from([tag, text.length]), Buffer.from(text)]))
}

test.each([
  [0x17, '270115080000Z', '2027-01-15T08:00:00Z'],
  [0x17, '491231235959Z', '2049-12-31T23:59:59Z'],
  [0x17, '500101000000Z', '1950-01-01T00:00:00Z'],
  [0x18, '20270115080000Z', '2027-01-15T08:00:00Z'],
  [0x18, '99991231235959Z', '9999-12-31T23:59:59Z'],
])('tag %i %s is %s', (tag, text, at) => {
  expect(secondsOf(time(tag, text))).toBe(Date.parse(at) / 1000)
})

test.each([
  [0x17, '2701150800Z'],
  [0x17, '270115080000+0100'],
  [0x17, '20270115080000Z'],
  [0x17, '270230080000Z'],
  [0x17, '271315080000Z'],
  [0x17, '270115240000Z'],
  [0x18, '270115080000Z'],
  [0x18, '20270115080000'],
  [0x18, '20270115080000.5Z'],
  [0x13, '20270115080000Z'],
])('tag %i %s is no time: in UTC, to the second, of the calendar', (tag, text) => {
  expect(() => secondsOf(time(tag, text))).toThrow('a time makes no sense')
})

test('attributes have a GeneralizedTime alone', () => {
  expect(secondsOfGeneralizedTime(time(0x18, '20270115080000Z'))).toBe(1_800_000_000)
  expect(() => secondsOfGeneralizedTime(time(0x17, '270115080000Z'))).toThrow('a time makes no sense')
  expect(() => secondsOfGeneralizedTime(undefined)).toThrow('a time makes no sense')
})
