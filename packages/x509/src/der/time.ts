import type { DerPart } from './der.ts'

const UTC_TIME = 0x17
const GENERALIZED_TIME = 0x18

/**
 * A UTCTime or GeneralizedTime in seconds since the epoch: always in UTC and to the second, as RFC 5280 section 4.1.2.5 wants both. Throws
 * for any other.
 */
export function secondsOf(time: DerPart | undefined): number {
  const text = time?.content.toString('latin1') ?? ''
  if (time?.tag === GENERALIZED_TIME) return secondsOfText(text)
  // RFC 5280 section 4.1.2.5.1: two digits of a year from 1950 to 2049.
  if (time?.tag === UTC_TIME) return secondsOfText(`${Number(text.slice(0, 2)) < 50 ? '20' : '19'}${text}`)
  throw new Error('a time makes no sense')
}

/** As {@link secondsOf}, of a GeneralizedTime alone. */
export function secondsOfGeneralizedTime(time: DerPart | undefined): number {
  if (time?.tag !== GENERALIZED_TIME) throw new Error('a time makes no sense')
  return secondsOf(time)
}

function secondsOfText(text: string): number {
  const match = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/.exec(text)
  if (!match) throw new Error('a time makes no sense')
  const [year, month, day, hour, minute, second] = match.slice(1) as [string, string, string, string, string, string]
  const at = new Date(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`)
  // The 30th of February would become a day of March.
  if (Number.isNaN(at.getTime()) || at.toISOString() !== `${year}-${month}-${day}T${hour}:${minute}:${second}.000Z`) {
    throw new Error('a time makes no sense')
  }
  return at.getTime() / 1000
}
