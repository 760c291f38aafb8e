import { mkdtemp, rm } from 'node:fs/promises'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client } from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type OwnPostgres, startOwnPostgres } from '../support/postgres.ts'
import { crashSuite } from './crash-suite.ts'
import { FieldClient } from './field-client.ts'
import { ProcessIssuer } from './process-issuer.ts'

let postgres: OwnPostgres
let folder: string
const running: ProcessIssuer[] = []
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'scitokens-gone-'))
  postgres = await startOwnPostgres()
}, 120_000)
afterAll(async () => {
  await Promise.all(running.map((issuer) => issuer.kill()))
  await postgres?.stop()
  await rm(folder, { recursive: true, force: true })
}, 60_000)

/** An issuer as `parts` say, started. */
async function start(name: string, parts: Partial<ProcessIssuer['begin']> & Pick<ProcessIssuer['begin'], 'storage'>) {
  const issuer = await ProcessIssuer.create({ audit: join(folder, `${name}.jsonl`), ...parts })
  running.push(issuer)
  await issuer.start()
  return issuer
}

async function statuses(url: string): Promise<number[]> {
  const places = ['/jwks', '/.well-known/openid-configuration', '/.well-known/oauth-authorization-server']
  return Promise.all(places.map(async (place) => (await fetch(url + place)).status))
}

/** A way to the database that can fall silent: nothing is refused, nothing comes back. */
class SilentWay {
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  readonly url: string
  silent = false

  private constructor(server: Server, url: string) {
    this.#server = server
    this.url = url
  }

  static async to(database: string): Promise<SilentWay> {
    const target = new URL(database)
    const server = createServer((client) => {
      const there = connect(Number(target.port), target.hostname)
      for (const [from, onto] of [
        [client, there],
        [there, client],
      ] as const) {
        way.#sockets.add(from)
        from.on('error', () => onto.destroy())
        from.on('close', () => onto.destroy())
        from.on('data', (bytes) => {
          if (!way.silent) onto.write(bytes)
        })
      }
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const url = new URL(database)
    url.port = String((server.address() as { port: number }).port)
    const way = new SilentWay(server, url.href)
    return way
  }

  close(): void {
    for (const socket of this.#sockets) socket.destroy()
    this.#server.close()
  }
}

// What follows the transaction knows nothing of the database: it is walked through on SQLite.
const phases = ['before persist', 'amid persist', 'after persist', 'after reply'] as const
crashSuite('PostgreSQL', phases, async () => ({ postgres: await postgres.newDatabase() }))

describe('while the database is gone', () => {
  /** What clients see without the database, and after it. `before` is the last that happens with it, `back` brings it back. */
  async function checkOutage(
    issuer: ProcessIssuer,
    { before, gone, back }: Record<'before' | 'gone' | 'back', () => Promise<void>>,
  ) {
    const client = new FieldClient(issuer.url)
    const families = await Promise.all(Array.from({ length: 4 }, () => client.family()))
    const code = await client.code()
    const early = await client.code()
    await before()
    // Requests that are under way in this moment may end well or not, but the process lives.
    const during = Promise.all([...families.map((token) => client.refresh(token)), client.token(early)])
    await gone()
    for (const answer of await during) expect([200, 503]).toContain(answer?.status)

    const refused = await Promise.all([...families.map((token) => client.refresh(token)), client.token(code)])
    for (const answer of refused) {
      expect(answer).toMatchObject({ status: 503, body: { error: 'temporarily_unavailable' } })
      expect(Number(answer?.headers.get('retry-after'))).toBeGreaterThan(0)
      expect(JSON.stringify(answer?.body)).not.toContain('postgres')
    }
    // From memory: verifiers are served, and robots, who need no database.
    expect(await statuses(issuer.url)).toEqual([200, 200, 200])
    expect((await client.token({ grant_type: 'client_credentials' }))?.status).toBe(200)
    await expect.poll(() => issuer.output).toContain('maintenance failed, it is tried again')

    await back()
    // By itself: nobody starts it again.
    await expect.poll(async () => (await client.refresh(families[0]!))?.status, { timeout: 60_000 }).toBe(200)
    const after = await Promise.all(families.map((token) => client.refresh(token)))
    expect(after.map((answer) => answer?.status)).toEqual([200, 200, 200, 200])
    expect((await client.token(code))?.status).toBe(200)
    expect(issuer.alive).toBe(true)
    const logs = issuer.output
    expect([...client.secrets, 'postgres://'].filter((secret) => logs.includes(secret))).toEqual([])
  }

  test('because it was stopped: token requests are put off, keys and robots are served, and all goes on after it', async () => {
    const database = await postgres.newDatabase()
    const issuer = await start('stopped', { storage: { postgres: database } })
    // Somebody else holds the table, so that the requests are found in the middle of their transactions.
    const other = new Client({ connectionString: database })
    other.on('error', () => {})
    const waiting = async (): Promise<number> =>
      (await other.query("SELECT 1 FROM pg_locks WHERE NOT granted AND relation = 'scitokens_entries'::regclass")).rows
        .length
    await checkOutage(issuer, {
      before: async () => {
        await other.connect()
        await other.query('BEGIN')
        await other.query('LOCK TABLE scitokens_entries IN EXCLUSIVE MODE')
      },
      gone: async () => {
        // Four refreshes, the exchange of a code, and the cleaning.
        await expect.poll(waiting).toBe(6)
        await postgres.halt()
      },
      back: postgres.resume,
    })
  }, 120_000)

  test('because the network swallows everything: requests end all the same, and all goes on after it', async () => {
    const way = await SilentWay.to(await postgres.newDatabase())
    const issuer = await start('silent', { storage: { postgres: way.url }, answerTimeoutMs: 2000 })
    const turn = (silent: boolean) => async (): Promise<void> => void (way.silent = silent)
    await checkOutage(issuer, { before: async () => {}, gone: turn(true), back: turn(false) })
    await issuer.kill()
    way.close()
  }, 120_000)

  test('it does not start, and says why in one sentence', async () => {
    const issuer = await ProcessIssuer.create({
      storage: { postgres: 'postgres://user:the-password@127.0.0.1:1/db' },
      audit: join(folder, 'never.jsonl'),
    })
    await expect(issuer.start()).rejects.toThrow('the database cannot be used just now (ECONNREFUSED)')
    expect(issuer.output).not.toContain('the-password')
  })
})

describe('two instances on one PostgreSQL', () => {
  test('one is killed under load: clients that ask the other one lose nothing', async () => {
    const database = await postgres.newDatabase()
    const one = await start('one', { storage: { postgres: database } })
    // Behind one name: tokens of both are of the same issuer, so the second is told the first one's port as its name.
    const other = await start('other', {
      storage: { postgres: database },
      masterKey: one.begin.masterKey,
      issuer: one.url,
    })
    const client = new FieldClient(one.url)
    const families = await Promise.all(Array.from({ length: 8 }, () => client.family()))
    const codes = [await client.code(), await client.code(), await client.code(), await client.code()]
    const redeemed = new Map<string, number>()
    let rounds = 0
    let killed: Promise<void> | undefined
    /** One instance, and where it does not answer the other. */
    const ask = async (form: Record<string, string>, first: number) => {
      const urls = [one.url, other.url]
      const answer = (await client.token(form, urls[first % 2])) ?? (await client.token(form, urls[(first + 1) % 2]))
      if (++rounds === 40) killed = one.kill()
      return answer
    }
    const refreshing = families.map(async (first, index) => {
      let token = first
      for (let round = 0; round < 12; round++) {
        const answer = await ask({ grant_type: 'refresh_token', refresh_token: token }, index + round)
        expect(answer).toMatchObject({ status: 200 })
        token = answer!.body['refresh_token'] as string
      }
    })
    const exchanging = codes.map(async (form, index) => {
      for (let time = 0; time < 3; time++) {
        const answer = await ask({ ...form }, index + time)
        if (answer?.status === 200) redeemed.set(form.code, (redeemed.get(form.code) ?? 0) + 1)
      }
    })
    await Promise.all([...refreshing, ...exchanging])
    await killed
    expect([...redeemed.values()].filter((times) => times > 1)).toEqual([])
    const lines = [...(await one.auditLines()), ...(await other.auditLines())]
    const issued = new Set(lines.filter(({ event }) => event === 'token_issued').map(({ jti }) => jti))
    expect([...client.received].filter((jti) => !issued.has(jti))).toEqual([])
  }, 120_000)

  test('one is killed while it makes the next key: the other one makes it when the lease is over', async () => {
    const database = await postgres.newDatabase()
    const schedule = { signingSeconds: 1000, storage: { postgres: database } }
    const one = await start('lease-one', schedule)
    const other = await start('lease-other', { ...schedule, masterKey: one.begin.masterKey, issuer: one.url })
    const keys = async (): Promise<string[]> => {
      const reply = await fetch(`${other.url}/jwks`)
      return ((await reply.json()) as { keys: { kid: string }[] }).keys.map(({ kid }) => kid)
    }
    const [first] = await keys()
    await one.order({ phase: 'amid key rotation', hits: 1 })
    await one.order({ advance: 1000 })
    await one.death()
    expect(await keys()).toEqual([first])
    // Its clock shows that the key is due, but the dead one's lease holds for a while.
    await other.order({ advance: 1000 })
    expect((await new FieldClient(other.url).token({ grant_type: 'client_credentials' }))?.status).toBe(200)
    await other.order({ advance: 31 })
    await expect.poll(keys, { timeout: 60_000 }).toHaveLength(2)
  }, 120_000)
})
