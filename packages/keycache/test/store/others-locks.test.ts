import { once } from 'node:events'
import { join } from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import { createTestClock } from '@scitokens/core/testing'
import { expect, test } from 'vitest'
import { copyKeys, CppStore, MemoryStore, SqliteStore } from '../../src/index.ts'
import { CACHE_FILE } from '../../src/store/location.ts'
import { cacheForTest, issuerForTest, temporaryDirectory } from '../fixture.ts'
import { JWKS, newKey } from '../issuer-server.ts'
import { startProgram } from '../run-program.ts'
import { ISSUER, NOW, recordFor } from './store-contract.ts'

/** Loose: with SQLite's own waiting, the event loop stood still for as long as the lock was waited for. */
const LOOSE_MS = 1000

/** Another process that holds a file until it is told to let go. */
async function holderOf(file: string): Promise<{ release(): Promise<void> }> {
  const child = startProgram('holder.ts', [file])
  await once(child.stdout, 'data')
  return {
    release: async () => {
      const closed = once(child, 'close')
      child.stdin.end()
      await closed
    },
  }
}

/** The longest time for which the event loop did nothing else while work was done, in milliseconds. */
async function longestPause(work: () => Promise<unknown>): Promise<number> {
  const delay = monitorEventLoopDelay({ resolution: 5 })
  delay.enable()
  await work()
  await sleep(20)
  delay.disable()
  return delay.max / 1e6
}

test('while another process holds the file for seconds, keys are served, refreshed and remembered, and nothing else waits', async () => {
  const server = await issuerForTest()
  const directory = temporaryDirectory()
  const file = join(directory, CACHE_FILE)
  const clock = createTestClock()
  const warnings: string[] = []
  const cache = cacheForTest(server, { cacheDir: directory, clock, warn: (message) => warnings.push(message) })
  await cache.load(server.issuer)
  const holder = await holderOf(file)
  server.keys = [await newKey('second')]

  const pause = await longestPause(async () => {
    clock.advance(11)
    // Looks into the file behind the caller's back.
    expect(cache.getKeySet(server.issuer)).not.toBeInstanceOf(Promise)
    await sleep(100)
    clock.advance(3600)
    // Past their refresh time: served at once, fetched behind the caller's back, and the file is waited for.
    const started = performance.now()
    while (performance.now() - started < 1500) {
      expect(cache.getKeySet(server.issuer, { kid: 'first' })).not.toBeInstanceOf(Promise)
      // oxlint-disable-next-line no-await-in-loop -- requests come one after the other
      await sleep(50)
    }
    await cache.refresh(server.issuer)
  })
  expect(pause).toBeLessThan(LOOSE_MS)
  expect(warnings).toEqual([expect.stringContaining('database is locked')])
  expect((await cache.getKey(server.issuer, 'second')).kid).toBe('second')

  await holder.release()
  await cache.close()
  const reader = SqliteStore.open(file)
  expect(reader.read(server.issuer)?.keys?.jwks.keys.map(({ kid }) => kid)).toEqual(['second'])
  reader.close()
})

test('a process that starts while another one holds the file gets keys once it lets go, and asks nobody', async () => {
  const server = await issuerForTest()
  const directory = temporaryDirectory()
  const first = cacheForTest(server, { cacheDir: directory })
  await first.load(server.issuer)
  await first.close()
  const holder = await holderOf(join(directory, CACHE_FILE))
  const cache = cacheForTest(server, { cacheDir: directory })
  const pause = await longestPause(async () => {
    const loading = cache.load(server.issuer)
    await sleep(300)
    await holder.release()
    await loading
  })
  expect(pause).toBeLessThan(LOOSE_MS)
  expect(server.count(JWKS)).toBe(1)
  expect(cache.status().store.problem).toBeUndefined()
})

test.each([
  ['our own file', (file: string) => SqliteStore.open(file)],
  ["scitokens-cpp's file", (file: string) => CppStore.open(file)],
])('%s that another process holds is waited for when keys are copied', async (_, open) => {
  const store = open(join(temporaryDirectory(), 'keys'))
  const from = new MemoryStore()
  from.saveKeys(await recordFor(ISSUER))
  const holder = await holderOf(store.location)
  const pause = await longestPause(async () => {
    const copying = copyKeys(from, store, { clock: () => NOW })
    await sleep(500)
    await holder.release()
    expect(await copying).toEqual([{ issuer: ISSUER, copied: true, why: undefined }])
  })
  expect(pause).toBeLessThan(LOOSE_MS)
  store.close()
})

test('a store by itself waits for nobody: it tells at once that the file is locked', async () => {
  const store = SqliteStore.open(join(temporaryDirectory(), CACHE_FILE))
  const holder = await holderOf(store.location)
  const record = await recordFor(ISSUER)
  for (const call of [() => store.read(ISSUER), () => store.saveKeys(record), () => store.remove(ISSUER)]) {
    expect(call).toThrow(expect.objectContaining({ code: 'ERR_SQLITE_ERROR', errcode: 5 }))
  }
  await holder.release()
  store.saveKeys(record)
  expect(store.read(ISSUER)?.keys).toEqual(record)
  store.close()
})
