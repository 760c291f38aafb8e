import { spawn } from '@scitokens-tests/programs/processes'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as sleep } from 'node:timers/promises'
import { openIssuer, DevelopmentLogin, type Issuer } from '@scitokens/issuer'
import { expect, onTestFinished, test } from 'vitest'
import { SqliteEngine } from '../../src/store/sqlite-engine.ts'
import { APP, basic, SECRET } from '../support/harness.ts'

/** Loose: with SQLite's own waiting, the event loop stood still for as long as the lock was waited for. */
const LOOSE_MS = 1000

const HOLDER = `
  const { DatabaseSync } = require('node:sqlite')
  const database = new DatabaseSync(process.argv[1], { timeout: 10000 })
  database.exec('begin exclusive')
  console.log('held')
  process.stdin.once('end', () => process.exit()).resume()`

/** Another process that holds a database until it is told to let go, as a backup or a debugger does. */
async function holdDatabase(file: string): Promise<{ release(): Promise<void> }> {
  const child = spawn(process.execPath, ['--no-warnings', '--eval', HOLDER, file], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  await once(child.stdout, 'data')
  return {
    release: async () => {
      const closed = once(child, 'close')
      child.stdin.end()
      await closed
    },
  }
}

function temporaryFile(): string {
  const folder = mkdtempSync(join(tmpdir(), 'scitokens-locks-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return join(folder, 'issuer.db')
}

async function start(file: string, busyTimeoutMs?: number): Promise<{ issuer: Issuer; url: string }> {
  const issuer = await openIssuer({
    issuer: 'http://127.0.0.1:9',
    dangerouslyAllowLoopbackHttp: true,
    storage: { file, ...(busyTimeoutMs !== undefined && { busyTimeoutMs }) },
    login: new DevelopmentLogin(),
    clients: [APP],
  })
  onTestFinished(() => issuer.close())
  return { issuer, url: await issuer.listen({ port: 0 }) }
}

/** Begins a device login, which has to be written down before it is answered. */
async function beginDeviceLogin(url: string): Promise<number> {
  const body = new URLSearchParams({ scope: 'read:/store' })
  return (await fetch(`${url}/device_authorization`, { method: 'POST', headers: basic('app', SECRET), body })).status
}

test('while another process holds the database for seconds, keys are served, nothing stands still, and what waited is done afterwards', async () => {
  const file = temporaryFile()
  const { url } = await start(file, 60_000)
  expect(await beginDeviceLogin(url)).toBe(200)
  const holder = await holdDatabase(file)
  const delay = monitorEventLoopDelay({ resolution: 5 })
  delay.enable()
  let answered = 0
  const waiting = Array.from({ length: 5 }, async () => {
    const status = await beginDeviceLogin(url)
    answered += 1
    return status
  })
  const started = performance.now()
  while (performance.now() - started < 3000) {
    // oxlint-disable-next-line no-await-in-loop -- one request after the other
    expect((await fetch(`${url}/jwks`)).status).toBe(200)
    // oxlint-disable-next-line no-await-in-loop -- as above
    await sleep(50)
  }
  delay.disable()
  expect(answered).toBe(0)
  expect(delay.max / 1e6).toBeLessThan(LOOSE_MS)
  await holder.release()
  expect(await Promise.all(waiting)).toEqual([200, 200, 200, 200, 200])
})

test('a request that waited for its whole time was not decided: it may be tried again', async () => {
  const file = temporaryFile()
  const { url } = await start(file, 200)
  const holder = await holdDatabase(file)
  expect(await Promise.all([beginDeviceLogin(url), beginDeviceLogin(url)])).toEqual([503, 503])
  await holder.release()
  expect(await beginDeviceLogin(url)).toBe(200)
})

test('an issuer that starts while another process holds its database serves once it lets go', async () => {
  const file = temporaryFile()
  await (await start(file)).issuer.close()
  const holder = await holdDatabase(file)
  const starting = start(file, 60_000)
  await sleep(500)
  await holder.release()
  expect((await fetch(`${(await starting).url}/jwks`)).status).toBe(200)
})

test('transactions that waited are still all or nothing, each by itself', async () => {
  const file = temporaryFile()
  const engine = await SqliteEngine.open({ file, busyTimeoutMs: 60_000 })
  await engine.define(['CREATE TABLE count (id TEXT PRIMARY KEY, value INTEGER NOT NULL)'])
  const add = (id: string): { sql: string; values: string[] } => ({
    sql: 'INSERT INTO count VALUES (?, 1) ON CONFLICT DO NOTHING RETURNING id',
    values: [id],
  })
  const holder = await holdDatabase(file)
  const outcomes = [[add('a'), add('b')], [add('c'), add('a')], [add('d')], [add('c')]].map((statements) =>
    engine.atomically(statements),
  )
  await sleep(100)
  const single = engine.query(add('e'))
  const closed = engine.close.bind(engine)
  await holder.release()
  expect(await Promise.all(outcomes)).toEqual([true, false, true, true])
  expect(await single).toEqual([{ id: 'e' }])
  await closed()
  const database = new DatabaseSync(file)
  expect(database.prepare('SELECT id FROM count ORDER BY id').all()).toEqual(
    ['a', 'b', 'c', 'd', 'e'].map((id) => ({ id })),
  )
  database.close()
})

test('who came while the database was held has the whole time too', async () => {
  const file = temporaryFile()
  const engine = await SqliteEngine.open({ file, busyTimeoutMs: 4000 })
  await engine.define(['CREATE TABLE count (id TEXT PRIMARY KEY)'])
  const add = (id: string): Promise<boolean> =>
    engine.atomically([{ sql: 'INSERT INTO count VALUES (?) RETURNING id', values: [id] }])
  const holder = await holdDatabase(file)
  const early = add('early').catch((error: unknown) => error)
  await sleep(3000)
  const late = add('late')
  expect(await early).toMatchObject({ code: 'undecided' })
  await holder.release()
  expect(await late).toBe(true)
  await engine.close()
})
