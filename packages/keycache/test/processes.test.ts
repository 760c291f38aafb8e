import { once } from 'node:events'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect, test, vi } from 'vitest'
import { KeyCache } from '../src/index.ts'
import { CACHE_FILE } from '../src/store/location.ts'
import { SqliteStore } from '../src/store/sqlite-store.ts'
import { issuerForTest, temporaryDirectory, until } from './fixture.ts'
import { JWKS, METADATA, sendJson } from './issuer-server.ts'
import { collect, lastLine, runProgram, startProgram } from './run-program.ts'

// Real processes on one file. Each needs its time to start, more so on a busy machine.
vi.setConfig({ testTimeout: 120_000 })

test('a process finds the keys that another one fetched, and asks nobody', async () => {
  const server = await issuerForTest()
  const directory = temporaryDirectory()
  expect(await runProgram('short-lived.ts', [server.issuer, directory, 'first'])).toBe('ok')
  expect(await runProgram('short-lived.ts', [server.issuer, directory, 'first'])).toBe('ok')
  expect(server.requests).toEqual([METADATA, JWKS])
})

test('processes that start together ask once', async () => {
  const server = await issuerForTest()
  const directory = temporaryDirectory()
  // The key set is held back until every process had the time to ask for it.
  let held: () => void = () => {}
  server.on(JWKS, (_, response) => {
    held = () => sendJson(response, { keys: server.keys })
  })
  const first = runProgram('short-lived.ts', [server.issuer, directory, 'first'])
  await until(() => server.count(JWKS) === 1)
  const others = [1, 2, 3].map(() => startProgram('short-lived.ts', [server.issuer, directory, 'first']))
  const outcomes = others.map((other) => lastLine(other))
  const outputs = others.map((other) => collect(other.stdout))
  await until(() => outputs.every((output) => output().includes('asking')), 60_000)
  held()
  expect(await Promise.all([first, ...outcomes])).toEqual(['ok', 'ok', 'ok', 'ok'])
  expect(server.requests).toEqual([METADATA, JWKS])
})

test('a loop of short-lived commands cannot storm an issuer that fails', async () => {
  const server = await issuerForTest()
  server.fail(500)
  const directory = temporaryDirectory()
  // The back-off of the first failures is shorter than a process lives: begin where it has grown.
  const store = SqliteStore.open(join(directory, CACHE_FILE))
  const failedAt = Date.now() / 1000 - 120
  const trouble = { failures: 9, failedAt, retryAt: failedAt, code: 'issuer_unavailable', message: 'down' } as const
  store.saveTrouble(server.issuer, trouble)
  store.close()
  for (let round = 0; round < 5; round++) {
    // oxlint-disable-next-line no-await-in-loop -- a loop in a shell
    expect(await runProgram('short-lived.ts', [server.issuer, directory, ''])).toBe('issuer_unavailable')
  }
  expect(server.requests).toEqual([METADATA])
})

test('a loop of short-lived commands with forged kids cannot storm an issuer', async () => {
  const server = await issuerForTest()
  const directory = temporaryDirectory()
  for (let round = 0; round < 5; round++) {
    // oxlint-disable-next-line no-await-in-loop -- a loop in a shell
    expect(await runProgram('short-lived.ts', [server.issuer, directory, `forged-${round}`])).toBe('key_not_found')
  }
  expect(server.requests).toEqual([METADATA, JWKS])
})

test('a process killed while it asks holds the others up only until its lease ends', async () => {
  const server = await issuerForTest()
  const directory = temporaryDirectory()
  server.on(METADATA, () => {})
  const victim = startProgram('short-lived.ts', [server.issuer, directory, ''])
  await until(() => server.count(METADATA) === 1)
  victim.kill('SIGKILL')
  await once(victim, 'close')
  server.on(METADATA, undefined)
  await using cache = new KeyCache({
    issuers: [server.issuer],
    cacheDir: directory,
    dangerouslyAllowLoopbackHttp: true,
    // Eleven seconds are a lease: by this clock they are over.
    clock: () => Date.now() / 1000 + 12,
  })
  expect((await cache.load(server.issuer)).keys).toHaveLength(1)
})

test('two processes write to one file at the same time, and both are heard', async () => {
  const file = join(temporaryDirectory(), CACHE_FILE)
  const writers = ['one', 'two'].map((name) => startProgram('writer.ts', [file, name]))
  const counts = writers.map((writer) => collect(writer.stdout))
  await until(() => counts.every((count) => count().split('\n').length > 60), 100_000)
  for (const writer of writers) writer.kill('SIGKILL')
  await Promise.all(writers.map((writer) => once(writer, 'close')))
  const store = SqliteStore.open(file)
  expect(store.list()).toHaveLength(100)
  store.close()
})

test('a process killed while it writes leaves a sound file: everything that was told as written is there, whole', async () => {
  const file = join(temporaryDirectory(), CACHE_FILE)
  for (let round = 0; round < 5; round++) {
    const writer = startProgram('writer.ts', [file, `round-${round}`])
    const count = collect(writer.stdout)
    // oxlint-disable-next-line no-await-in-loop -- one victim after the other
    await until(() => count().split('\n').length > 20 + 7 * round, 60_000)
    writer.kill('SIGKILL')
    // oxlint-disable-next-line no-await-in-loop -- one victim after the other
    await once(writer, 'close')
    const written = Number(count().trim().split('\n').at(-1))
    const store = SqliteStore.open(file)
    const last = store.read(`https://round-${round}.example/${written % 50}`)!.keys!
    expect(last.attempt).toBeGreaterThanOrEqual(written)
    for (const { keys } of store.list()) {
      expect(keys!.jwks.keys.map(({ kid }) => kid)).toEqual(
        Array.from({ length: 40 }, (_, index) => `${keys!.attempt}-${index}`),
      )
    }
    store.close()
    const database = new DatabaseSync(file)
    expect(database.prepare('PRAGMA integrity_check').get()).toEqual({ integrity_check: 'ok' })
    database.close()
  }
})
