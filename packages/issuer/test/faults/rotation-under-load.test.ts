import { createServer } from 'node:net'
import { once } from 'node:events'
import { KeySet, type KeySource, verifyToken } from '@scitokens/core'
import { KeyCache } from '@scitokens/keycache'
import { openIssuer, type Issuer } from '@scitokens/issuer'
import { expect, onTestFinished, test } from 'vitest'
import { SqlStore } from '../../src/store/sql-store.ts'
import { SqliteEngine } from '../../src/store/sqlite-engine.ts'
import { ROBOT, SECRET, TestClock } from '../support/harness.ts'

/** How long verifiers keep keys, in seconds: ten minutes. */
const KEPT = 600
const LIFETIME = 1200
const STEP = 100

/** A verifier that looks at the keys every ten minutes and at no other time, whatever it meets. */
class StubbornVerifier implements KeySource {
  readonly #clock: () => number
  #keys: Promise<KeySet> | undefined
  #fetchedAt = 0

  constructor(clock: () => number) {
    this.#clock = clock
  }

  getKeySet(issuer: string): Promise<KeySet> {
    const now = this.#clock()
    if (!this.#keys || now - this.#fetchedAt >= KEPT) {
      this.#fetchedAt = now
      this.#keys = fetch(`${issuer}/jwks`).then(async (reply) => KeySet.fromJwks(await reply.json()))
    }
    return this.#keys
  }
}

/** An address that nobody has yet. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  server.close()
  await once(server, 'close')
  return port
}

test('while keys rotate, and one is rolled back, no valid token is refused by verifiers that keep keys for ten minutes', async () => {
  const clock = new TestClock()
  const store = await SqlStore.open(await SqliteEngine.open({ file: ':memory:' }), clock.read)
  const ports = [await freePort(), await freePort()]
  const url = `http://127.0.0.1:${ports[0]}`
  const options = {
    issuer: url,
    dangerouslyAllowLoopbackHttp: true,
    clients: [ROBOT],
    storage: { store },
    masterKey: { value: new Uint8Array(32).fill(7) },
    clock: clock.read,
    maintenanceIntervalMs: 1_000_000,
    lifetime: LIFETIME,
    maxLifetime: LIFETIME,
    jwksMaxAgeSeconds: KEPT,
    keys: { publishAheadSeconds: 1500, signingSeconds: 4000, retainSeconds: 2000 },
  }
  const issuers: Issuer[] = [await openIssuer(options), await openIssuer(options)]
  for (const [index, issuer] of issuers.entries()) await issuer.listen({ port: ports[index]! })
  const caches = Array.from(
    { length: 3 },
    () =>
      new KeyCache({
        issuers: [url],
        store: 'memory',
        refreshAfter: KEPT,
        clock: clock.read,
        dangerouslyAllowLoopbackHttp: true,
      }),
  )
  onTestFinished(async () => {
    await Promise.all([...issuers.map((issuer) => issuer.close()), ...caches.map((cache) => cache.close())])
  })
  const verifiers: KeySource[] = [...caches, ...Array.from({ length: 3 }, () => new StubbornVerifier(clock.read))]

  /** Tokens of both instances at the same time. */
  const issue = async (): Promise<string[]> => {
    const replies = ports
      .flatMap((port) => [port, port])
      .map((port) =>
        fetch(`http://127.0.0.1:${port}/token`, {
          method: 'POST',
          headers: { authorization: `Basic ${btoa(`robot:${SECRET}`)}` },
          body: new URLSearchParams({ grant_type: 'client_credentials', scope: 'read:/store' }),
        }).then(async (reply) => ((await reply.json()) as { access_token: string }).access_token),
      )
    return Promise.all(replies)
  }

  const signers = new Set<string>()
  const alive: { readonly text: string; readonly until: number }[] = []
  let checked = 0
  let rolledBack = false
  for (let step = 0; step < 260; step++) {
    clock.advance(STEP)
    // The instances look at the keys by turns, as their timers happen to fire.
    if (step % 3 === 0) await issuers[(step / 3) % 2]!.maintain()
    if (signers.size === 3 && !rolledBack) {
      rolledBack = true
      await issuers[0]!.realms[0]!.keys.rollback('ES256')
    }
    for (const text of await issue()) alive.push({ text, until: clock.now + LIFETIME })
    while (alive[0]!.until <= clock.now) alive.shift()
    // Each verifier comes at times of its own, so that their keys are of all ages.
    const coming = verifiers.filter((_, index) => step % (index + 1) === 0)
    const sample = alive.filter((_, index) => index % 5 === step % 5).concat(alive.slice(-4))
    const work = coming.flatMap((keys) => sample.map(({ text }) => verifyToken(text, { keys, issuers: [url] })))
    for (const { header } of await Promise.all(work)) signers.add(header['kid'] as string)
    checked += work.length
  }
  expect(signers.size).toBeGreaterThanOrEqual(5)
  expect(checked).toBeGreaterThan(5000)
}, 240_000)
