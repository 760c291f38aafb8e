import type { Algorithm, Jwk } from '@scitokens/core'

/** How long keys live. Every duration is in seconds. */
export interface KeyScheduleOptions {
  /** How long before its first signature a new key is published. Default: 172 800 (2 days, the WLCG cache expiry). */
  readonly publishAheadSeconds?: number
  /** How long a key signs. Default: 15 552 000 (180 days; WLCG profile 1.3 recommends six months). */
  readonly signingSeconds?: number
  /** How long a key stays published after it last signed. Default: 345 600 (4 days), never less than the longest token. */
  readonly retainSeconds?: number
}

/** {@link KeyScheduleOptions}, complete. */
export type KeySchedule = Required<KeyScheduleOptions>

/** A signing key as stored: everything but its private half. */
export interface KeyRecord {
  readonly alg: Algorithm
  /** Counts the keys of an algorithm; two instances can never make the same one twice. */
  readonly generation: number
  readonly kid: string
  readonly publicJwk: Jwk
  readonly reference: string
  readonly createdAt: number
  /** From then on it signs, unless a newer one does. Seconds since the epoch. */
  readonly signFrom: number
  /** Set aside by a rollback: published still, but signs no more. */
  readonly setAside?: boolean
  /** Withdrawn in an emergency: neither signs nor is published. */
  readonly withdrawn?: boolean
}

/** What is to be done with the keys of one algorithm now. */
export interface KeyPlan {
  /** The key that signs now. */
  readonly active: KeyRecord | undefined
  /** Keys that are in the JWKS now: next, active and retired. */
  readonly published: readonly KeyRecord[]
  /** Keys that may be deleted. */
  readonly forget: readonly KeyRecord[]
  /** When a further key is needed now: the time from which it shall sign. */
  readonly createForSigningAt: number | undefined
}

/**
 * Judges the keys of one algorithm by the clock alone, so that every instance that sees the same records says the same.
 *
 * @param now - seconds since the epoch.
 */
export function planKeys(records: readonly KeyRecord[], schedule: KeySchedule, now: number): KeyPlan {
  const usable = records.filter((key) => !key.setAside && !key.withdrawn).toSorted(bySignFrom)
  // Where the clock went back behind all of them, the oldest signs on: verifiers have it.
  const active = usable.findLast((key) => key.signFrom <= now) ?? usable.toSorted(byGeneration)[0]
  // One that was made while the clock was far ahead is none that anybody waits for.
  const horizon = now + schedule.publishAheadSeconds + schedule.signingSeconds
  const next = usable.find((key) => key !== active && key.signFrom > now && key.signFrom <= horizon)
  const forget = records.filter((key) => isOver(key, records, schedule, now) && key !== active)
  const published = records.filter((key) => !key.withdrawn && !forget.includes(key)).toSorted(bySignFrom)
  return { active, published, forget, createForSigningAt: whenNextSigns(active, next, schedule, now) }
}

function whenNextSigns(
  active: KeyRecord | undefined,
  next: KeyRecord | undefined,
  { publishAheadSeconds, signingSeconds }: KeySchedule,
  now: number,
): number | undefined {
  if (!active) return now
  if (next) return undefined
  // The clock went far back: it begins anew from here.
  if (active.signFrom > now + publishAheadSeconds) return now + publishAheadSeconds
  const due = active.signFrom + signingSeconds
  return due - publishAheadSeconds <= now ? Math.max(due, now + publishAheadSeconds) : undefined
}

/** A key is over when the one that took its place has signed for so long that no token of the old one can be alive. */
function isOver(key: KeyRecord, records: readonly KeyRecord[], { retainSeconds }: KeySchedule, now: number): boolean {
  if (key.withdrawn) return now >= key.signFrom + retainSeconds && supersededAt(key, records) !== undefined
  const since = supersededAt(key, records)
  return since !== undefined && now >= since + retainSeconds
}

function supersededAt(key: KeyRecord, records: readonly KeyRecord[]): number | undefined {
  const later = records.filter((other) => !other.setAside && !other.withdrawn && other.generation > key.generation)
  return later.length === 0 ? undefined : Math.min(...later.map((other) => other.signFrom))
}

function bySignFrom(a: KeyRecord, b: KeyRecord): number {
  return a.signFrom - b.signFrom || byGeneration(a, b)
}

function byGeneration(a: KeyRecord, b: KeyRecord): number {
  return a.generation - b.generation
}
