// How it grows: refreshes beside a thousand and a million other families, and two instances beside one.
// node tools/dev.mjs node --conditions=@scitokens/source packages/issuer/bench/scale.bench.ts [SECONDS] [--families=1000000] [--only=...]
// `--only`: one of `instances`, `sqlite`, `postgres`.
import { mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import autocannon from 'autocannon'
import { startOwnPostgres } from '../test/support/postgres.ts'
import { PostgresEngine } from '../src/store/postgres-engine.ts'
import type { SqlEngine } from '../src/store/sql-engine.ts'
import { SqlStore } from '../src/store/sql-store.ts'
import { SqliteEngine } from '../src/store/sqlite-engine.ts'
import { HEADERS, RefreshLoad, type Row, ServerProcess, showRows } from './client.ts'

const duration = Number(process.argv[2] ?? 8) || 8
const many = Number(/--families=(\d+)/.exec(process.argv.join(' '))?.[1] ?? 1_000_000)
const REALM = 'https://issuer.example'
const CC = 'grant_type=client_credentials&scope=read%3A%2Fstore%2Fdata'

type Name = 'SQLite' | 'PostgreSQL'
const ROUNDS = 4

/** A family as it is stored: only its length matters here. */
const VALUE = JSON.stringify({
  clientId: 'robot',
  principal: {
    kind: 'user',
    subject: 'somebody@example.org',
    groups: ['/vo', '/vo/analysis'],
    claims: {},
    authTime: 1,
  },
  bounds: { scope: ['read:/store'], identity: ['offline_access'], groups: [], audience: ['https://se.example.org'] },
  generation: 20,
  used: [[19, 1_800_000_000]],
  createdAt: 1_800_000_000,
  lastUsedAt: 1_800_000_000,
  grant: 'authorization_code',
})

/** Families of 100 000 people, with ids in no order, that expire over the next thirty days. */
function fill(engine: SqlEngine, kind: Name, from: number, to: number): Promise<unknown> {
  const numbers =
    kind === 'SQLite'
      ? 'WITH RECURSIVE n(i) AS (SELECT CAST(? AS INTEGER) UNION ALL SELECT i + 1 FROM n WHERE i < CAST(? AS INTEGER))'
      : 'WITH n(i) AS (SELECT generate_series(CAST(? AS INTEGER), CAST(? AS INTEGER)))'
  const id = kind === 'SQLite' ? 'lower(hex(randomblob(11)))' : 'substr(md5(random()::text || i), 1, 22)'
  return engine.query({
    sql: `${numbers} INSERT INTO scitokens_entries (realm, kind, id, owner, version, value, expires_at)
          SELECT '${REALM}', 'family', ${id}, 'user' || (i % 100000), 20, CAST(? AS TEXT), ${Math.floor(Date.now() / 1000)} + 86400 + (i % 2592000)
          FROM n`,
    values: [from + 1, to, VALUE],
  })
}

/** Microseconds of one look-up of a family that is there, one after the other. */
async function lookup(engine: SqlEngine, store: SqlStore): Promise<number> {
  const rows = await engine.query({
    sql: "SELECT id FROM scitokens_entries WHERE kind = 'family' AND id > ? ORDER BY id LIMIT 5",
    values: [''],
  })
  const ids = rows.map((row) => row['id'] as string)
  for (let i = 0; i < 1000; i++) {
    const near = Math.floor(Math.random() * 2 ** 44)
      .toString(16)
      .padStart(11, '0')
    const [row] = await engine.query({
      sql: "SELECT id FROM scitokens_entries WHERE realm = ? AND kind = 'family' AND id > ? ORDER BY id LIMIT 1",
      values: [REALM, near],
    })
    if (row) ids.push(row['id'] as string)
  }
  const look = async (): Promise<number> => {
    const begun = performance.now()
    for (const id of ids) if (!(await store.get({ realm: REALM, kind: 'family', id }))) throw new Error('it is gone')
    return ((performance.now() - begun) * 1000) / ids.length
  }
  const rounds = [await look(), await look(), await look(), await look(), await look()]
  return Math.round(Math.min(...rounds))
}

/** Milliseconds of the longest of ten steps of cleaning. */
async function cleaning(engine: SqlEngine, store: SqlStore): Promise<number> {
  await engine.query({
    sql: "UPDATE scitokens_entries SET expires_at = 1 WHERE kind = 'family' AND id IN (SELECT id FROM scitokens_entries WHERE kind = 'family' AND expires_at IS NOT NULL LIMIT ?)",
    values: [Math.min(1000, many / 2)],
  })
  const times: number[] = []
  for (let step = 0; step < 10; step++) {
    const begun = performance.now()
    await store.sweep(100)
    times.push(performance.now() - begun)
  }
  return Math.max(...times)
}

interface Filled {
  readonly families: number
  readonly database: string
  readonly engine: SqlEngine
  readonly store: SqlStore
}

async function filled(name: Name, database: string, families: number): Promise<Filled> {
  const engine =
    name === 'SQLite'
      ? await SqliteEngine.open({ file: database })
      : new PostgresEngine({ connectionString: database, statementTimeoutMs: 600_000 })
  const store = await SqlStore.open(engine, () => Date.now() / 1000)
  for (let there = 0; there < families; there += 100_000) {
    await fill(engine, name, there, Math.min(families, there + 100_000))
  }
  if (name === 'PostgreSQL') await engine.query({ sql: 'VACUUM ANALYZE scitokens_entries', values: [] })
  return { families, database, engine, store }
}

/** Two databases in turn, so that a slow moment of the machine meets both; the best round of each. */
async function beside(name: Name, newDatabase: () => Promise<string>): Promise<void> {
  const all = [await filled(name, await newDatabase(), 1000), await filled(name, await newDatabase(), many)]
  for (const { families, engine, store } of all) {
    console.log(`${name}, ${families} families: a look-up takes ${await lookup(engine, store)} us`)
  }
  const servers = await Promise.all(all.map(({ database }) => ServerProcess.start('issuer', { database })))
  const loads = servers.map((server) => new RefreshLoad(server))
  const best: Row[] = []
  for (let round = 0; round <= ROUNDS; round++) {
    for (const [index, load] of loads.entries()) {
      const row = await load.run(`refresh on ${name}, ${all[index]!.families} families`, round === 0 ? 3 : duration)
      // The first round only warms up.
      if (round > 0 && row.perSecond > (best[index]?.perSecond ?? 0)) best[index] = row
    }
  }
  for (const load of loads) load.close()
  for (const server of servers) await server.stop()
  showRows(best)
  const { engine, store, database } = all[1]!
  console.log(`The longest of ten steps of cleaning (100 of ${many}): ${(await cleaning(engine, store)).toFixed(0)} ms`)
  if (name === 'SQLite') console.log(`The file has ${((await stat(database)).size / 1e6).toFixed(0)} MB`)
  for (const each of all) await each.store.close()
}

interface Loaded {
  readonly perSecond: number
  readonly usPerToken: number
  readonly generatorUs: number
  readonly p99: number
}

/** The best of each number over the rounds: the machine has other work, too. */
function bestOf(rounds: readonly Loaded[]): Loaded {
  const least = (name: keyof Loaded): number => Math.min(...rounds.map((round) => round[name]))
  const perSecond = Math.max(...rounds.map((round) => round.perSecond))
  return { perSecond, usPerToken: least('usPerToken'), generatorUs: least('generatorUs'), p99: least('p99') }
}

/** Client credentials against one instance, then against two at the same time, each on a core of its own. */
async function instances(kind: string, database: string): Promise<void> {
  const servers = [
    await ServerProcess.start(kind, { database }),
    await ServerProcess.start(kind, { database, core: 1 }),
  ]
  const load = async (targets: readonly ServerProcess[], seconds: number): Promise<Loaded> => {
    const before = await Promise.all(targets.map((server) => server.measure()))
    const generator = process.cpuUsage()
    const options = { method: 'POST', headers: HEADERS, body: CC, connections: 20, duration: seconds } as const
    const results = await Promise.all(targets.map((server) => autocannon({ ...options, url: server.url })))
    const own = process.cpuUsage(generator)
    const after = await Promise.all(targets.map((server) => server.measure()))
    const count = results.reduce((sum, result) => sum + result['2xx'], 0)
    const cpu = after.reduce((sum, { cpu: now }, index) => sum + now - before[index]!.cpu, 0)
    return {
      perSecond: Math.round(results.reduce((sum, result) => sum + result.requests.average, 0)),
      usPerToken: Math.round((cpu * 1e6) / count),
      generatorUs: Math.round((own.user + own.system) / count),
      p99: Math.max(...results.map((result) => result.latency.p99)),
    }
  }
  for (const server of servers) await load([server], 3)
  const ones: Loaded[] = []
  const twos: Loaded[] = []
  for (let round = 0; round < ROUNDS; round++) {
    ones.push(await load([servers[round % 2]!], duration))
    twos.push(await load(servers, duration))
  }
  for (const server of servers) await server.stop()
  const [one, two] = [bestOf(ones), bestOf(twos)]
  console.log(`\n${kind}: one instance ${JSON.stringify(one)}, two ${JSON.stringify(two)}`)
  console.log(`wall ratio ${(two.perSecond / one.perSecond).toFixed(2)}`)
  // What two would do on cores that they need not share with the load: twice, but for what they cost each other.
  console.log(`processor time ratio ${((2 * one.usPerToken) / two.usPerToken).toFixed(2)}`)
}

const only = /--only=(\w+)/.exec(process.argv.join(' '))?.[1]
const wanted = (part: string): boolean => only === undefined || only === part
if (wanted('sqlite')) {
  const folder = await mkdtemp(join(tmpdir(), 'scitokens-scale-'))
  let files = 0
  await beside('SQLite', async () => join(folder, `${++files}.db`))
  await rm(folder, { recursive: true, force: true })
}
if (wanted('instances') || wanted('postgres')) {
  const postgres = await startOwnPostgres({ durable: true })
  if (wanted('instances')) await instances('issuer', await postgres.newDatabase())
  if (wanted('instances')) await instances('issuer with RS256', await postgres.newDatabase())
  if (wanted('postgres')) await beside('PostgreSQL', postgres.newDatabase)
  await postgres.stop()
}
