// Every question to the database is answered by an index: a million logins must not make any of them slower.
import { expect, onTestFinished, test } from 'vitest'
import type { SqlEngine, SqlStatement } from '../../src/store/sql-engine.ts'
import { SqlStore } from '../../src/store/sql-store.ts'
import { SqliteEngine } from '../../src/store/sqlite-engine.ts'

test('no question to the store walks over the table or sorts', async () => {
  const engine = await SqliteEngine.open({ file: ':memory:' })
  const asked: SqlStatement[] = []
  const listening: SqlEngine = {
    define: (statements) => engine.define(statements),
    query: (statement) => {
      asked.push(statement)
      return engine.query(statement)
    },
    atomically: (statements) => {
      asked.push(...statements)
      return engine.atomically(statements)
    },
    close: () => engine.close(),
  }
  const store = await SqlStore.open(listening, () => 1000)
  onTestFinished(() => store.close())
  asked.length = 0
  const key = { realm: 'https://vo.example', kind: 'family', id: 'x' } as const
  await store.insertIfAbsent({ ...key, owner: 'ana', value: {}, expiresAt: 2000 })
  const entry = (await store.get(key))!
  await store.commit([{ replace: entry, value: {}, expiresAt: 3000 }])
  await store.list(key.realm, key.kind)
  await store.list(key.realm, key.kind, { owner: 'ana', after: 'a', limit: 10 })
  await store.commit([{ remove: { ...key, id: 'y' } }])
  await store.consume(key)
  await store.sweep(100)
  expect(asked.length).toBeGreaterThan(6)
  for (const { sql, values } of asked) {
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    const plan = (await engine.query({ sql: `EXPLAIN QUERY PLAN ${sql}`, values })).map((row) => String(row['detail']))
    expect(
      plan.filter((step) => /\bSCAN scitokens|TEMP B-TREE/.test(step)),
      sql,
    ).toEqual([])
  }
  const owned = asked.find(({ sql }) => sql.includes('AND owner = ?'))!
  const plan = await engine.query({ sql: `EXPLAIN QUERY PLAN ${owned.sql}`, values: owned.values })
  expect(plan.map((row) => row['detail'])).toEqual([expect.stringContaining('USING INDEX scitokens_entries_owner')])
})
