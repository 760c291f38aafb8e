import type { Clock } from '@scitokens/core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Entry, Store } from '../../src/store/store.ts'
import { TestClock } from '../support/harness.ts'

/** A place for stores. */
export interface Begun {
  readonly open: (clock: Clock) => Promise<Store>
  readonly end: () => Promise<void>
}

/** What every store must do. `open` opens the same store again: as another instance would. */
export function storeContract(name: string, begin: () => Promise<Begun>): void {
  describe(`the store on ${name}`, () => {
    const clock = new TestClock()
    let store: Store
    let other: Store
    let end: () => Promise<void>
    let number = 0

    beforeAll(async () => {
      const started = await begin()
      end = started.end
      store = await started.open(clock.read)
      other = await started.open(clock.read)
    }, 120_000)
    afterAll(async () => {
      await store?.close()
      await other?.close()
      await end?.()
    }, 180_000)

    /** A realm of its own for each test. */
    const realm = (): string => `https://issuer.example/${++number}`

    test('keeps an entry, and shows it to other instances at once', async () => {
      const key = { realm: realm(), kind: 'family', id: 'a' } as const
      expect(await store.get(key)).toBeUndefined()
      expect(
        await store.insertIfAbsent({
          ...key,
          owner: 'ana',
          value: { text: 'Ünïcode \u0000?', list: [1, null] },
          expiresAt: clock.now + 10.2,
        }),
      ).toBe(true)
      const entry = {
        ...key,
        owner: 'ana',
        version: 1,
        value: { text: 'Ünïcode \u0000?', list: [1, null] },
        expiresAt: clock.now + 11,
      }
      expect(await store.get(key)).toEqual(entry)
      expect(await other.get(key)).toEqual(entry)
    })

    test('inserts what is absent or expired, and nothing else', async () => {
      const key = { realm: realm(), kind: 'used', id: 'a' } as const
      expect(await store.insertIfAbsent({ ...key, value: 1, expiresAt: clock.now + 10 })).toBe(true)
      expect(await other.insertIfAbsent({ ...key, value: 2, expiresAt: clock.now + 10 })).toBe(false)
      clock.advance(10)
      expect(await other.insertIfAbsent({ ...key, value: 3 })).toBe(true)
      expect(await store.get(key)).toMatchObject({ value: 3, expiresAt: undefined })
    })

    test('of many inserts at the same time lets one through', async () => {
      const key = { realm: realm(), kind: 'used', id: 'a' } as const
      const done = await Promise.all(
        Array.from({ length: 20 }, (_, i) => (i % 2 ? store : other).insertIfAbsent({ ...key, value: i })),
      )
      expect(done.filter(Boolean)).toHaveLength(1)
    })

    test('hands a consumed entry to exactly one of many', async () => {
      const key = { realm: realm(), kind: 'device', id: 'a' } as const
      await store.insertIfAbsent({ ...key, value: { x: 1 } })
      const got = await Promise.all(Array.from({ length: 20 }, (_, i) => (i % 2 ? store : other).consume(key)))
      expect(got.filter(Boolean)).toHaveLength(1)
      expect(await store.get(key)).toBeUndefined()
    })

    test('consumes nothing that has expired', async () => {
      const key = { realm: realm(), kind: 'device', id: 'a' } as const
      await store.insertIfAbsent({ ...key, value: {}, expiresAt: clock.now + 5 })
      clock.advance(5)
      expect(await store.consume(key)).toBeUndefined()
    })

    test('replaces an entry only as it was read', async () => {
      const key = { realm: realm(), kind: 'family', id: 'a' } as const
      await store.insertIfAbsent({ ...key, owner: 'ana', value: 1 })
      const read = (await store.get(key))!
      const changes = await Promise.all(
        Array.from({ length: 10 }, (_, i) =>
          (i % 2 ? store : other).commit([{ replace: read, value: 100 + i, expiresAt: clock.now + 5 }]),
        ),
      )
      expect(changes.filter(Boolean)).toHaveLength(1)
      const after = (await other.get<number>(key))!
      expect(after).toMatchObject({ version: 2, owner: 'ana', expiresAt: clock.now + 5 })
      expect(after.value).toBe(100 + changes.indexOf(true))
    })

    test('replaces an entry whose end stays as it was, and none that has ended', async () => {
      const key = { realm: realm(), kind: 'family', id: 'a' } as const
      await store.insertIfAbsent({ ...key, value: 1, expiresAt: clock.now + 50 })
      const first = (await store.get(key))!
      expect(await store.commit([{ replace: first, value: 2, expiresAt: first.expiresAt }])).toBe(true)
      expect(await other.get(key)).toEqual({ ...first, version: 2, value: 2 })
      expect(await other.commit([{ replace: first, value: 3, expiresAt: first.expiresAt }])).toBe(false)
      const second = (await other.get(key))!
      clock.advance(50)
      expect(await other.commit([{ replace: second, value: 3, expiresAt: second.expiresAt }])).toBe(false)
    })

    test('applies all changes of a commit or none', async () => {
      const place = realm()
      const key = (id: string) => ({ realm: place, kind: 'family', id }) as const
      await store.insertIfAbsent({ ...key('a'), value: 1 })
      const a = (await store.get(key('a'))) as Entry
      const stale = { ...a, version: 99 }
      expect(
        await store.commit([
          { insert: { ...key('b'), value: 1 } },
          { remove: key('a') },
          { replace: stale, value: 2, expiresAt: undefined },
        ]),
      ).toBe(false)
      expect((await store.list(place, 'family')).map(({ id }) => id)).toEqual(['a'])
      expect(await store.commit([{ insert: { ...key('b'), value: 1 } }, { remove: key('a') }])).toBe(true)
      expect((await store.list(place, 'family')).map(({ id }) => id)).toEqual(['b'])
    })

    test('keeps many commits at the same time apart: one that fails takes no other with it', async () => {
      const place = realm()
      const key = (id: string) => ({ realm: place, kind: 'family', id }) as const
      await store.insertIfAbsent({ ...key('taken'), value: 0 })
      const outcomes = await Promise.all(
        Array.from({ length: 30 }, (_, i) =>
          store.commit([
            { insert: { ...key(`n${i}`), value: i } },
            ...(i % 3 === 0 ? [{ insert: { ...key('taken'), value: i } }] : []),
          ]),
        ),
      )
      expect(outcomes).toEqual(Array.from({ length: 30 }, (_, i) => i % 3 !== 0))
      expect(await store.list(place, 'family')).toHaveLength(21)
    })

    test('lists by realm, kind and owner, in pages', async () => {
      const place = realm()
      for (const [i, owner] of ['ana', 'bob', 'ana', 'ana'].entries()) {
        await store.insertIfAbsent({ realm: place, kind: 'family', id: `f${i}`, owner, value: i })
      }
      await store.insertIfAbsent({ realm: place, kind: 'code', id: 'c', owner: 'ana', value: 0 })
      await store.insertIfAbsent({ realm: `${place}/other`, kind: 'family', id: 'f9', owner: 'ana', value: 0 })
      const ids = async (query: object): Promise<string[]> =>
        (await other.list(place, 'family', query)).map(({ id }) => id)
      expect(await ids({})).toEqual(['f0', 'f1', 'f2', 'f3'])
      expect(await ids({ owner: 'ana' })).toEqual(['f0', 'f2', 'f3'])
      expect(await ids({ owner: 'ana', limit: 2 })).toEqual(['f0', 'f2'])
      expect(await ids({ owner: 'ana', limit: 2, after: 'f2' })).toEqual(['f3'])
    })

    test('clears away the expired in small steps, and nothing else', async () => {
      clock.advance(1_000_000)
      while ((await store.sweep(1000)) > 0);
      const place = realm()
      for (let i = 0; i < 25; i++) {
        await store.insertIfAbsent({
          realm: place,
          kind: 'used',
          id: `u${i}`,
          value: 0,
          expiresAt: clock.now + 1 + (i % 5) * 100,
        })
      }
      await store.insertIfAbsent({ realm: place, kind: 'client', id: 'kept', value: 0 })
      clock.advance(101)
      expect([await store.sweep(4), await store.sweep(4), await store.sweep(4)]).toEqual([4, 4, 2])
      expect(await store.list(place, 'used')).toHaveLength(15)
      expect(await store.list(place, 'client')).toHaveLength(1)
    })

    test('says "undecided", and nothing about its whereabouts, when the database is away', async () => {
      const started = await begin()
      const away = await started.open(clock.read)
      await away.close()
      await expect(away.get({ realm: 'r', kind: 'code', id: 'x' })).rejects.toMatchObject({
        family: 'undecided',
        code: 'undecided',
      })
      await expect(away.insertIfAbsent({ realm: 'r', kind: 'code', id: 'x', value: 0 })).rejects.toMatchObject({
        family: 'undecided',
      })
      await started.end()
    }, 180_000)
  })
}
