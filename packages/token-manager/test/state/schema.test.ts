import { DatabaseSync } from 'node:sqlite'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { openManager, temporaryDirectory, withLogin } from '../support/workspace.ts'

/** Makes of a state what the first version of this program would have left. */
function asFirstVersion(directory: string): void {
  const database = new DatabaseSync(join(directory, 'token-manager.sqlite'))
  database.exec('drop index token_issued; drop index family_waiting; pragma user_version = 1')
  database.close()
}

test('a state of the first version is brought up to date, and nothing in it is lost', async () => {
  const { issuer, manager, ana } = await withLogin()
  const file = join(temporaryDirectory(), 'token')
  const { token } = await manager.deliver({ ...ana, file })
  manager.close()
  asFirstVersion(manager.directory)
  const reopened = await openManager(issuer, { stateDirectory: manager.directory })
  expect((await reopened.accessToken(ana)).token).toBe(token)
  issuer.clock.advance(600)
  expect(reopened.store.tokens.due(issuer.clock(), 10)).toHaveLength(1)
})

test('a state from the future is left alone', async () => {
  const { issuer, manager } = await withLogin()
  manager.close()
  const database = new DatabaseSync(join(manager.directory, 'token-manager.sqlite'))
  database.exec('pragma user_version = 99')
  database.close()
  await expect(openManager(issuer, { stateDirectory: manager.directory })).rejects.toThrow(
    /is of version 99; this program knows/,
  )
})

test('what is due is found without reading what is not', async () => {
  const { manager } = await withLogin()
  manager.close()
  const database = new DatabaseSync(join(manager.directory, 'token-manager.sqlite'))
  const plan = (sql: string): string =>
    database
      .prepare(`explain query plan ${sql}`)
      .all()
      .map((row) => String(row['detail']))
      .join('\n')
  expect(plan('select id from token where kept = 1 and renew_at <= 1')).toContain('USING COVERING INDEX token_due')
  expect(plan('select id from token where kept = 1 and issued_at > 1')).toContain('USING COVERING INDEX token_issued')
  expect(plan('select id from family where next_attempt > 0 and next_attempt > 1')).toContain('INDEX family_waiting')
  database.close()
})
