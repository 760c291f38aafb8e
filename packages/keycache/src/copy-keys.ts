import { type Clock, systemClock } from '@scitokens/core'
import { DatabaseTurns } from '@scitokens/host/files'
import { checkJwks } from './refresh/jwks.ts'
import { ageOf, clampAges, createPolicy, type PolicyOptions } from './record/policy.ts'
import type { KeyStore } from './record/store.ts'

/** Options of {@link copyKeys}. */
export interface CopyOptions {
  /** Default: all that `from` holds. */
  readonly issuers?: readonly string[]
  /**
   * Which keys of `to` are replaced: those that cannot be used any more, or all that were fetched earlier. scitokens-cpp's file does
   * not tell when keys were fetched, so copy from it only where there are none. Default: `unusable`.
   */
  readonly replace?: 'unusable' | 'older'
  readonly policy?: PolicyOptions
  readonly clock?: Clock
}

/** What became of one issuer's keys. */
export interface CopyResult {
  readonly issuer: string
  readonly copied: boolean
  /** Why not; undefined when copied. */
  readonly why: string | undefined
}

/** How long another process is waited for that has locked one of the files, in milliseconds. */
const WAIT_MS = 5000

/** A store, and turns at it: another program may have locked the file. */
interface Place {
  readonly store: KeyStore
  readonly turns: DatabaseTurns
}

/**
 * Copies issuers' keys from one store to another, after the same examination that keys from the network pass. Rejects with what a store throws,
 * also where another program holds its file for long.
 */
export async function copyKeys(from: KeyStore, to: KeyStore, options: CopyOptions = {}): Promise<CopyResult[]> {
  const source = { store: from, turns: new DatabaseTurns(WAIT_MS) }
  const target = { store: to, turns: new DatabaseTurns(WAIT_MS) }
  const issuers = options.issuers ?? (await source.turns.run(() => from.list())).map(({ issuer }) => issuer)
  const results: CopyResult[] = []
  for (const issuer of issuers) {
    // oxlint-disable-next-line no-await-in-loop -- files, not networks
    const why = await copyOne(issuer, source, target, options)
    results.push({ issuer, copied: why === undefined, why })
  }
  return results
}

async function copyOne(
  issuer: string,
  from: Place,
  to: Place,
  { replace = 'unusable', policy: policyOptions, clock = systemClock }: CopyOptions,
): Promise<string | undefined> {
  const now = clock()
  const policy = createPolicy(policyOptions)
  const stored = (await from.turns.run(() => from.store.read(issuer)))?.keys
  const keys = stored && clampAges(stored, policy)
  const age = ageOf(keys, now)
  if (keys === undefined || age === 'none') return 'there are no keys'
  if (age === 'expired') return 'the keys are too old to be used'
  const there = (await to.turns.run(() => to.store.read(issuer)))?.keys
  if (
    ['fresh', 'stale'].includes(ageOf(there, now)) &&
    (replace === 'unusable' || there!.fetchedAt >= keys.fetchedAt)
  ) {
    return 'there are usable keys already'
  }
  try {
    const { jwks } = await checkJwks(keys.jwks, issuer, {})
    const { stored: claimed } = await to.turns.run(() =>
      to.store.claim(issuer, { purpose: 'asked', now, leaseFor: 1, policy }),
    )
    await to.turns.run(() => to.store.saveKeys({ ...keys, jwks, attempt: claimed.attempts }))
    return undefined
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}
