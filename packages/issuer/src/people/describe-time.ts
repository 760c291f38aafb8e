import { type Html, html } from './html.ts'

const DAY = new Intl.DateTimeFormat('en-GB', { dateStyle: 'long', timeZone: 'UTC' })
const MINUTE = new Intl.DateTimeFormat('en-GB', { dateStyle: 'long', timeStyle: 'short', timeZone: 'UTC' })

/** A moment as people read it: in UTC, since without a script nothing knows where they are. `time`: seconds since the epoch. */
export function describeTime(time: number, precision: 'day' | 'minute' = 'minute'): Html {
  const date = new Date(time * 1000)
  const text = precision === 'day' ? DAY.format(date) : `${MINUTE.format(date)} UTC`
  return html`<time datetime="${date.toISOString()}">${text}</time>`
}

const UNITS: readonly (readonly [number, string])[] = [
  [86_400, 'day'],
  [3600, 'hour'],
  [60, 'minute'],
  [1, 'second'],
]

/** A duration in seconds in its largest unit, rounded up: promises are kept. */
export function describeDuration(seconds: number): string {
  const [size, name] = UNITS.find(([unit]) => seconds >= unit) ?? UNITS.at(-1)!
  const count = Math.ceil(seconds / size)
  return `${count} ${name}${count === 1 ? '' : 's'}`
}
