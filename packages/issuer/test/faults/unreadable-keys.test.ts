import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { DatabaseSync } from 'node:sqlite'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { SigningKey } from '@scitokens/core'
import type { IssuerOptions } from '@scitokens/issuer'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { KeyRecord } from '../../src/keys/key-schedule.ts'
import { type Harness, startIssuer } from '../support/harness.ts'

let folder: string
let file: string
let masterKey: { file: string; create: boolean }
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'scitokens-unreadable-'))
  file = join(folder, 'issuer.db')
  masterKey = { file: join(folder, 'master.key'), create: true }
})
afterEach(() => rm(folder, { recursive: true, force: true }))

const start = (more: Partial<IssuerOptions> = {}): Promise<Harness> =>
  startIssuer({}, { storage: { file }, masterKey, maintenanceIntervalMs: 1_000_000, ...more })

/** Changes what is stored about the only key. */
function damage(change: (stored: string) => Promise<string> | string): Promise<void> {
  const database = new DatabaseSync(file)
  const row = database.prepare("SELECT value FROM scitokens_entries WHERE kind = 'signing_key'").get()
  return Promise.resolve(change(row!['value'] as string)).then((value) => {
    database.prepare("UPDATE scitokens_entries SET value = ? WHERE kind = 'signing_key'").run(value)
    database.close()
  })
}

const altered = (change: (record: KeyRecord) => object) => (stored: string) =>
  JSON.stringify(change(JSON.parse(stored) as KeyRecord))

const DAMAGES = {
  'no JSON': { change: () => '{"alg":"ES2', why: 'an entry of the kind signing_key in the database is damaged' },
  'an altered private half': {
    change: altered((record) => ({ ...record, reference: `A${record.reference.slice(1, -1)}A` })),
    why: /^the signing key \S+ cannot be decrypted/,
  },
  'the public half of somebody else': {
    change: async (stored: string) => {
      const { publicJwk } = await SigningKey.generate('ES256')
      return altered((record) => ({ ...record, publicJwk }))(stored)
    },
    why: /^the signing key \S+ and the public key in its database entry do not fit$/,
  },
  'no schedule': {
    change: altered(({ signFrom: _, ...record }) => record),
    why: 'an entry about a signing key in the database is damaged',
  },
}

describe('an issuer does not start, and says why in one sentence,', () => {
  test('with another master key than the one its keys were stored with', async () => {
    await (await start()).issuer.close()
    const other = start({ masterKey: { value: new Uint8Array(32).fill(9) } })
    await expect(other).rejects.toMatchObject({
      code: 'config_error',
      message: expect.stringMatching(/^the signing key \S+ cannot be decrypted: the master key is not the one/),
    })
  })

  test('with a master key that others can read, that is too short, or that is not there', async () => {
    await (await start()).issuer.close()
    await chmod(masterKey.file, 0o640)
    await expect(start()).rejects.toThrow('can be read by others: chmod 600 it')
    await writeFile(masterKey.file, 'c2hvcnQ\n')
    await chmod(masterKey.file, 0o600)
    await expect(start()).rejects.toThrow('must hold 32 bytes or more')
    await rm(masterKey.file)
    const strict = start({ masterKey: { file: masterKey.file } })
    await expect(strict).rejects.toMatchObject({
      code: 'config_error',
      message: expect.stringContaining('cannot be read'),
    })
  })

  test.each(Object.entries(DAMAGES))('with %s in the entry of its key', async (_, { change, why }) => {
    await (await start()).issuer.close()
    await damage(change)
    await expect(start()).rejects.toMatchObject({ code: 'config_error', message: expect.stringMatching(why) })
  })
})

test.each(Object.entries(DAMAGES))(
  'an issuer that runs keeps the keys it has when it finds %s',
  async (_, { change }) => {
    const { issuer, token, claims } = await start()
    const before = await issuer.realms[0]!.keys.published()
    const stored = await readFile(masterKey.file)
    await damage(change)
    await writeFile(masterKey.file, 'gone')
    // Another instance's key may come at any time, so the entry is looked at again and again; it may have been refused or not.
    await issuer.maintain().catch(() => {})
    expect((await issuer.realms[0]!.keys.published()).body).toBe(before.body)
    const answer = await token({ grant_type: 'client_credentials' })
    expect(await claims(answer.body['access_token'] as string)).toMatchObject({ sub: 'robot' })
    await writeFile(masterKey.file, stored)
  },
)
