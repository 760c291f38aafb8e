const STEPS: readonly (readonly [seconds: number, unit: string])[] = [
  [86_400, 'd'],
  [3600, 'h'],
  [60, 'min'],
  [1, 's'],
]

/** A span of time as people say it: `9 min`, `2 h 5 min`, `3 d`. Two units at most, the second only where it counts. */
export function span(seconds: number): string {
  const whole = Math.floor(Math.abs(seconds))
  const at = STEPS.findIndex(([unit]) => whole >= unit)
  if (at === -1) return '0 s'
  const [unit, name] = STEPS[at]!
  const count = Math.floor(whole / unit)
  const next = STEPS[at + 1]
  const rest = next ? Math.floor((whole - count * unit) / next[0]) : 0
  return next && rest > 0 && count < 10 ? `${count} ${name} ${rest} ${next[1]}` : `${count} ${name}`
}

/** How far a moment is: `in 9 min`, `3 min ago`, `now`. */
export function distance(moment: number, now: number): string {
  const seconds = moment - now
  if (Math.abs(seconds) < 1) return 'now'
  return seconds > 0 ? `in ${span(seconds)}` : `${span(seconds)} ago`
}

/** Date and time of a moment in seconds since the epoch, in the reader's zone; undefined where it is no moment. */
export function dateOf(moment: unknown, locale?: string): string | undefined {
  if (typeof moment !== 'number' || Math.abs(moment) > 8.64e12) return undefined
  return new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'long' }).format(moment * 1000)
}
