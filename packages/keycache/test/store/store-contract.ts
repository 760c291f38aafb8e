import { afterEach, beforeEach, expect, test } from 'vitest'
import { agesFrom, type LeaseRequest, createPolicy, type Policy, type Purpose } from '../../src/record/policy.ts'
import type { KeyRecord, Trouble } from '../../src/record/record.ts'
import type { Lease, KeyStore } from '../../src/record/store.ts'
import { newKey } from '../issuer-server.ts'

/** What a store is asked to prove. */
export interface StoreUnderTest {
  /** Opens a store on an empty place. */
  open(): KeyStore
  /** Opens another store on the same place, as a second process would; undefined for stores that cannot be shared. */
  reopen?(): KeyStore
  /** Whether failures and leases reach another process. */
  readonly sharesAttempts: boolean
  /** Whether everything about a record comes back; else only keys and ages do. */
  readonly exact: boolean
}

export const NOW = 1_800_000_000
export const ISSUER = 'https://issuer.example'
const policy: Policy = createPolicy()

export async function recordFor(issuer: string, overrides: Partial<KeyRecord> = {}): Promise<KeyRecord> {
  return {
    issuer,
    jwks: { keys: [await newKey('first')] },
    jwksUri: `${issuer}/jwks`,
    etag: '"v1"',
    lastModified: 'Thu, 01 Jan 2026 00:00:00 GMT',
    fetchedAt: NOW,
    ...agesFrom(NOW, 600, policy),
    attempt: 1,
    ...overrides,
  }
}

export const TROUBLE: Trouble = {
  failures: 3,
  failedAt: NOW,
  retryAt: NOW + 4,
  code: 'discovery_failed',
  message: 'it is down',
}

export function lease<Answer extends Lease | Promise<Lease>>(
  store: { lease(issuer: string, request: LeaseRequest): Answer },
  purpose: Purpose,
  now: number = NOW,
  issuer: string = ISSUER,
): Answer {
  return store.lease(issuer, { purpose, now, leaseFor: 11, policy })
}

/** The tests that every store passes. */
export function testStore(under: StoreUnderTest): void {
  let store: KeyStore
  const others: KeyStore[] = []

  /** The same place through other eyes, where there are such. */
  const elsewhere = (): KeyStore => {
    if (!under.reopen) return store
    const other = under.reopen()
    others.push(other)
    return other
  }

  beforeEach(() => {
    store = under.open()
  })
  afterEach(() => {
    for (const each of [store, ...others.splice(0)]) each.close()
  })

  test('an issuer that nobody saved is unknown', () => {
    expect(store.read(ISSUER)).toBeUndefined()
    expect(store.list()).toEqual([])
    expect(store.remove(ISSUER)).toBe(false)
  })

  test('saved keys come back, also to others', async () => {
    const record = await recordFor(ISSUER)
    store.saveKeys(record)
    const { jwks, refreshAt, expiresAt } = record
    for (const eyes of [store, elsewhere()]) {
      expect(eyes.read(ISSUER)?.keys).toMatchObject(
        under.exact ? record : { issuer: ISSUER, jwks, refreshAt, expiresAt },
      )
    }
  })

  test('issuers are listed in order and do not meet, whatever characters they share', async () => {
    const issuers = [
      'https://b.example',
      'https://a.example',
      "https://a.example/'; DROP TABLE issuer; --",
      'https://a.example/%',
    ]
    // oxlint-disable-next-line no-await-in-loop -- four of them
    for (const issuer of issuers) store.saveKeys(await recordFor(issuer))
    expect(
      elsewhere()
        .list()
        .map(({ issuer }) => issuer),
    ).toEqual(issuers.toSorted())
    expect(store.remove('https://a.example/%')).toBe(true)
    expect(store.list()).toHaveLength(3)
    expect(store.read('https://a.example/%')).toBeUndefined()
  })

  test('a failure is noted beside the keys and never touches them', async () => {
    store.saveKeys(await recordFor(ISSUER))
    store.saveTrouble(ISSUER, TROUBLE)
    const stored = store.read(ISSUER)
    expect(stored?.trouble).toEqual(TROUBLE)
    expect(stored?.keys?.jwks.keys).toHaveLength(1)
  })

  test('a failure without keys is noted too, and holds up later attempts', () => {
    store.saveTrouble(ISSUER, TROUBLE)
    for (const eyes of under.sharesAttempts ? [store, elsewhere()] : [store]) {
      expect(lease(eyes, 'due')).toMatchObject({
        verdict: 'backing_off',
        stored: { trouble: TROUBLE, keys: undefined },
      })
    }
  })

  test('a success ends trouble', async () => {
    store.saveTrouble(ISSUER, TROUBLE)
    store.saveKeys(await recordFor(ISSUER))
    expect(store.read(ISSUER)?.trouble).toBeUndefined()
  })

  test('one lease at a time is given, until it is released', () => {
    expect(lease(store, 'due').verdict).toBe('go')
    for (const eyes of under.sharesAttempts ? [store, elsewhere()] : [store])
      expect(lease(eyes, 'due').verdict).toBe('leased')
    store.release(ISSUER)
    expect(lease(store, 'due').verdict).toBe('go')
  })

  test('a lease ends by itself, with its result, or with its failure', async () => {
    expect(lease(store, 'due').verdict).toBe('go')
    expect(lease(store, 'due', NOW + 12).verdict).toBe('go')
    store.saveTrouble(ISSUER, { ...TROUBLE, retryAt: NOW })
    expect(lease(store, 'due').verdict).toBe('go')
    store.saveKeys(await recordFor(ISSUER))
    expect(lease(store, 'due').verdict).toBe('fresh')
  })

  test('attempts are numbered, and the answer to a lease tells the number', () => {
    const numbers = [1, 2, 3].map(() => lease(store, 'asked').stored.attempts)
    expect(numbers).toEqual([1, 2, 3])
  })

  test('releasing what was never claimed changes nothing', () => {
    store.release(ISSUER)
    expect(store.list()).toEqual([])
  })

  if (under.exact) {
    test('the result of an earlier attempt does not undo that of a later one', async () => {
      const later = await recordFor(ISSUER, { attempt: 2 })
      store.saveKeys(later)
      elsewhere().saveKeys(await recordFor(ISSUER, { attempt: 1, fetchedAt: NOW + 60 }))
      expect(store.read(ISSUER)?.keys).toEqual(later)
    })
  }
}
