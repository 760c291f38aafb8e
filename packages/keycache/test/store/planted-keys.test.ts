import { spawn } from '@scitokens-tests/programs/processes'
import { once } from 'node:events'
import { chmodSync, chownSync, copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect, test } from 'vitest'
import { KeyCache } from '../../src/index.ts'
import { CACHE_FILE } from '../../src/store/location.ts'
import { SqliteStore } from '../../src/store/sqlite-store.ts'
import { temporaryDirectory } from '../fixture.ts'
import { newKey } from '../issuer-server.ts'
import { ISSUER, recordFor } from './store-contract.ts'

// The account of this process is the victim; another account of this machine, a real one, plants keys of its own.
const MALLORY = 64_322

const now = (): number => Date.now() / 1000

async function keysNamed(kid: string): Promise<Awaited<ReturnType<typeof recordFor>>> {
  const ages = { fetchedAt: now(), refreshAt: now() + 3000, expiresAt: now() + 300_000 }
  return recordFor(ISSUER, { jwks: { keys: [await newKey(kid)] }, ...ages })
}

/** A rollback journal that makes of a cache file one with Mallory's keys: whoever opens the file rolls back to them. */
async function plantedJournal(): Promise<Buffer> {
  const file = join(temporaryDirectory(), CACHE_FILE)
  const store = SqliteStore.open(file)
  store.saveKeys(await keysNamed('mallory'))
  store.close()
  const database = new DatabaseSync(file)
  database.exec('PRAGMA synchronous = OFF; BEGIN IMMEDIATE')
  database.exec("UPDATE issuer SET jwks = NULL, etag = 'x'; PRAGMA user_version = 1")
  const journal = `${file}-copy`
  copyFileSync(`${file}-journal`, journal)
  database.close()
  return readFileSync(journal)
}

/** Writes a file by another account. */
async function writeAs(uid: number, file: string, content: Buffer): Promise<boolean> {
  const program = `
    const chunks = []
    process.stdin.on('data', (chunk) => chunks.push(chunk)).on('end', () => {
      require('node:fs').writeFileSync(process.argv[1], Buffer.concat(chunks), { mode: 0o666 })
    })`
  const child = spawn(process.execPath, ['--eval', program, file], {
    uid,
    gid: uid,
    cwd: '/',
    stdio: ['pipe', 'ignore', 'ignore'],
  })
  child.stdin.end(content)
  const [status] = (await once(child, 'close')) as [number]
  return status === 0
}

/** The victim's cache: a directory with a file that holds the issuer's own keys. */
async function victim(): Promise<{ directory: string; file: string }> {
  const above = temporaryDirectory()
  chmodSync(above, 0o755)
  const directory = join(above, 'scitokens')
  mkdirSync(directory, { mode: 0o700 })
  const file = join(directory, CACHE_FILE)
  const store = SqliteStore.open(file)
  store.saveKeys(await keysNamed('issuer'))
  store.close()
  return { directory, file }
}

/** The names of the keys that a process which starts now believes, without asking anybody. */
async function believedIn(cacheDir: string): Promise<{ kids: (string | undefined)[]; warnings: string[] }> {
  const warnings: string[] = []
  await using cache = new KeyCache({
    issuers: [ISSUER],
    cacheDir,
    warn: (message) => warnings.push(message),
    http: () => Promise.reject(new Error('nobody is asked')),
  })
  const set = await Promise.resolve(cache.getKeySet(ISSUER)).catch(() => undefined)
  return { kids: set?.keys.map(({ kid }) => kid) ?? [], warnings }
}

test('the planted journal works: SQLite believes it', async () => {
  const { file } = await victim()
  writeFileSync(`${file}-journal`, await plantedJournal(), { mode: 0o600 })
  const store = SqliteStore.open(file)
  expect(store.read(ISSUER)?.keys?.jwks.keys.map(({ kid }) => kid)).toEqual(['mallory'])
  store.close()
})

test('what nobody else could have written is believed', async () => {
  const { directory } = await victim()
  expect(await believedIn(directory)).toEqual({ kids: ['issuer'], warnings: [] })
})

test.runIf(process.geteuid?.() === 0)('another account cannot plant a journal in a closed directory', async () => {
  const { file } = await victim()
  expect(await writeAs(MALLORY, `${file}-journal`, await plantedJournal())).toBe(false)
})

test.runIf(process.geteuid?.() === 0)(
  'keys that another account planted by a journal while the directory was open are not believed, nor is anything else in it',
  async () => {
    const { directory, file } = await victim()
    chmodSync(directory, 0o777)
    expect(await writeAs(MALLORY, `${file}-journal`, await plantedJournal())).toBe(true)
    const { kids, warnings } = await believedIn(directory)
    expect(kids).toEqual([])
    expect(warnings).toEqual([expect.stringContaining('could be written by others: it was set aside')])
    // It is made anew, and kept from now on.
    const store = SqliteStore.open(file)
    store.saveKeys(await keysNamed('issuer'))
    store.close()
    expect((await believedIn(directory)).kids).toEqual(['issuer'])
  },
)

test.runIf(process.geteuid?.() === 0)(
  'a journal that another account left behind is not believed after somebody has closed the directory',
  async () => {
    const { directory, file } = await victim()
    chmodSync(directory, 0o777)
    await writeAs(MALLORY, `${file}-journal`, await plantedJournal())
    chmodSync(directory, 0o700)
    const { kids, warnings } = await believedIn(directory)
    expect(kids).toEqual([])
    expect(warnings).toEqual([expect.stringContaining(`${CACHE_FILE}-journal belongs to another user`)])
    expect(existsSync(`${file}-journal`)).toBe(false)
  },
)

test.runIf(process.geteuid?.() === 0)(
  'a cache file that another account wrote, or could write, is not believed',
  async () => {
    const forged = join(temporaryDirectory(), CACHE_FILE)
    const store = SqliteStore.open(forged)
    store.saveKeys(await keysNamed('mallory'))
    store.close()
    const open = await victim()
    chmodSync(open.directory, 0o755)
    chmodSync(open.file, 0o666)
    expect(await writeAs(MALLORY, open.file, readFileSync(forged))).toBe(true)
    expect((await believedIn(open.directory)).kids).toEqual([])

    const foreign = await victim()
    copyFileSync(forged, foreign.file)
    chownSync(foreign.file, MALLORY, MALLORY)
    expect((await believedIn(foreign.directory)).kids).toEqual([])
  },
)

test.runIf(process.geteuid?.() === 0)(
  'a directory that another account put in the place of ours is not believed, nor written to',
  async () => {
    const { directory } = await victim()
    const above = join(directory, '..')
    chownSync(directory, MALLORY, MALLORY)
    expect(await believedIn(directory)).toMatchObject({
      kids: [],
      warnings: [expect.stringContaining(`the directory ${directory} belongs to another user`)],
    })
    chownSync(directory, 0, 0)
    chmodSync(above, 0o777)
    expect(await believedIn(directory)).toMatchObject({
      kids: [],
      warnings: [expect.stringContaining('can be written by others')],
    })
  },
)
