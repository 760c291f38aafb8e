import { type Clock, systemClock } from '@scitokens/core'
import { callable, choice, listOf, nested, type OptionReaders, readOptions, text } from '@scitokens/core/internal'
import { DatabaseTurns } from '@scitokens/host/files'
import { checkJwks } from './refresh/jwks.ts'
import { ageOf, clampAges, createPolicy, POLICY_READERS, type PolicyOptions } from './record/policy.ts'
import type { KeyStore } from './record/store.ts'

/** Options of {@link copyKeys}. */
export interface CopyOptions {
  /** Issuers whose keys are copied. Default: all that `from` holds. */
  readonly issuers?: readonly string[]
  /**
   * Which keys of `to` are replaced: those that cannot be used any more, or all that were fetched earlier. scitokens-cpp's file does
   * not tell when keys were fetched, so copy from it only where there are none. Default: `unusable`.
   */
  readonly replace?: 'unusable' | 'older'
  /** How long the copied keys count. Default: the defaults of `KeyCache`. */
  readonly policy?: PolicyOptions
  /** Tells the time, in seconds since the epoch. Default: the machine's clock. */
  readonly clock?: Clock
}

const READERS: OptionReaders<CopyOptions> = {
  issuers: listOf(text, { empty: true }),
  replace: choice('unusable', 'older'),
  policy: nested(POLICY_READERS),
  clock: callable<Clock>(),
}

/** What became of one issuer's keys. */
export interface CopyResult {
  /** The issuer whose keys these are. */
  readonly issuer: string
  /** Whether the keys were written. */
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
export async function copyKeys(from: KeyStore, to: KeyStore, given: CopyOptions = {}): Promise<CopyResult[]> {
  const options = readOptions<CopyOptions>(given, READERS)
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
      to.store.lease(issuer, { purpose: 'asked', now, leaseFor: 1, policy }),
    )
    await to.turns.run(() => to.store.saveKeys({ ...keys, jwks, attempt: claimed.attempts }))
    return undefined
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}
