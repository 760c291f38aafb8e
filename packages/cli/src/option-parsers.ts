import { type ProfileName, PROFILES } from '@scitokens/core'
import { InvalidArgumentError } from 'commander'

/** Collects an option that may be repeated. */
export function collect(value: string, previous: readonly string[] | undefined): readonly string[] {
  return [...(previous ?? []), value]
}

const UNITS: Readonly<Record<string, number>> = { '': 1, s: 1, m: 60, h: 3600, d: 86_400 }

/** Reads a time span in seconds: `600`, or `10m`, `2h`, `7d`. */
export function parseSeconds(value: string): number {
  const [, number, unit] = /^(\d{1,9})([smhd]?)$/.exec(value) ?? []
  if (number === undefined) throw new InvalidArgumentError('Give seconds, or a number with s, m, h or d.')
  return Number(number) * UNITS[unit ?? '']!
}

/** Reads a time: a date with or without a time of day (UTC where it says no zone), or how long ago, as `2h`. */
export function parseTime(value: string): (now: number) => number {
  if (/^\d{1,9}[smhd]$/.test(value)) return (now) => now - parseSeconds(value)
  const date = /^\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:?\d{2})?)?$/.exec(value)?.[0]
  const zoned = date === undefined || date.length <= 10 || /(?:Z|[+-]\d{2}:?\d{2})$/.test(date) ? date : `${date}Z`
  const time = Date.parse(zoned ?? '')
  if (Number.isNaN(time)) throw new InvalidArgumentError('Give a time as 2026-11-22T10:00Z, or how long ago, as 2h.')
  return () => time / 1000
}

/** Reads a whole number from `minimum` on. */
export function parseInteger(minimum: number, maximum: number = Number.MAX_SAFE_INTEGER): (value: string) => number {
  return (value) => {
    const number = Number(value)
    if (!/^\d+$/.test(value) || number < minimum || number > maximum) {
      throw new InvalidArgumentError(`Give a whole number from ${minimum}${maximum < 1e9 ? ` to ${maximum}` : ''}.`)
    }
    return number
  }
}

/** What the C++ tools call the profiles. */
const SHORT_NAMES: Readonly<Record<ProfileName, string>> = {
  'scitoken:1.0': 'scitokens1',
  'scitoken:2.0': 'scitokens2',
  'wlcg:1.x': 'wlcg',
  'at+jwt': 'atjwt',
}

/** Reads a profile by its own name or by the C++ tools' short one. */
export function parseProfile(value: string): ProfileName {
  const profile = PROFILES.find((known) => value === known || value === SHORT_NAMES[known])
  if (profile === undefined) {
    throw new InvalidArgumentError(`Give one of ${[...PROFILES, ...Object.values(SHORT_NAMES)].join(', ')}.`)
  }
  return profile
}
