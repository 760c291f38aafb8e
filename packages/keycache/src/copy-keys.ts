import { type Clock, systemClock } from '@scitokens/core'
import { checkJwks } from './jwks.ts'
import { ageOf, clampAges, createPolicy, type PolicyOptions } from './policy.ts'
import type { KeyStore } from './store.ts'

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

/** Copies issuers' keys from one store to another, after the same examination that keys from the network pass. */
export async function copyKeys(from: KeyStore, to: KeyStore, options: CopyOptions = {}): Promise<CopyResult[]> {
  const issuers = options.issuers ?? from.list().map(({ issuer }) => issuer)
  const results: CopyResult[] = []
  for (const issuer of issuers) {
    // oxlint-disable-next-line no-await-in-loop -- files, not networks
    const why = await copyOne(issuer, from, to, options)
    results.push({ issuer, copied: why === undefined, why })
  }
  return results
}

async function copyOne(
  issuer: string,
  from: KeyStore,
  to: KeyStore,
  { replace = 'unusable', policy: policyOptions, clock = systemClock }: CopyOptions,
): Promise<string | undefined> {
  const now = clock()
  const policy = createPolicy(policyOptions)
  const stored = from.read(issuer)?.keys
  const keys = stored && clampAges(stored, policy)
  const age = ageOf(keys, now)
  if (keys === undefined || age === 'none') return 'there are no keys'
  if (age === 'expired') return 'the keys are too old to be used'
  const there = to.read(issuer)?.keys
  if (
    ['fresh', 'stale'].includes(ageOf(there, now)) &&
    (replace === 'unusable' || there!.fetchedAt >= keys.fetchedAt)
  ) {
    return 'there are usable keys already'
  }
  try {
    const { jwks } = await checkJwks(keys.jwks, issuer, {})
    const { stored: claimed } = to.claim(issuer, { purpose: 'asked', now, leaseFor: 1, policy })
    to.saveKeys({ ...keys, jwks, attempt: claimed.attempts })
    return undefined
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}
