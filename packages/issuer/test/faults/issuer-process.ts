// An issuer in a process of its own that can be told where to die. Started by `ProcessIssuer`; speaks over Node's IPC.
import type { Signer } from '@scitokens/core'
import { openIssuer, DevelopmentLogin, FileAudit, type KeyProvider, LocalKeys } from '@scitokens/issuer'
import { loadSecrets } from '../../src/secrets/master-key.ts'
import { buildServer } from '../../src/http/build-server.ts'
import { PostgresEngine } from '../../src/store/postgres-engine.ts'
import type { SqlEngine, SqlStatement } from '../../src/store/sql-engine.ts'
import { SqlStore } from '../../src/store/sql-store.ts'
import { SqliteEngine } from '../../src/store/sqlite-engine.ts'
import type { Begin, Order, Phase } from './orders.ts'

let armed: { phase: Phase; hits: number } | undefined
let clockOffset = 0
const clock = (): number => Date.now() / 1000 + clockOffset

/** Ends the process here and now, if that was ordered; whoever comes before the last of those awaited waits here for the end. */
async function reach(phase: Phase): Promise<void> {
  if (armed?.phase !== phase) return
  if (--armed.hits > 0) await new Promise(() => {})
  process.kill(process.pid, 'SIGKILL')
}

/** Dies before, in the middle of, or after a transaction. */
function mortalEngine(engine: SqlEngine): SqlEngine {
  return {
    query: (statement) => engine.query(statement),
    define: (statements) => engine.define(statements),
    close: () => engine.close(),
    atomically: async (statements) => {
      await reach('before persist')
      const done = await engine.atomically(armed?.phase === 'amid persist' ? dyingInTheMiddle(statements) : statements)
      await reach('after persist')
      return done
    },
  }
}

/** The last statement ends the process when the engine looks at it: those before have run, nothing is committed. */
function dyingInTheMiddle(statements: readonly SqlStatement[]): readonly SqlStatement[] {
  const last = statements.at(-1)!
  const trap = {
    values: last.values,
    get sql() {
      process.kill(process.pid, 'SIGKILL')
      return last.sql
    },
  }
  return [...statements.slice(0, -1), trap]
}

function mortalKeys(keys: KeyProvider): KeyProvider {
  return {
    create: async (alg) => {
      await reach('amid key rotation')
      return keys.create(alg)
    },
    open: async (key, alg): Promise<Signer> => {
      const signer = await keys.open(key, alg)
      return {
        alg: signer.alg,
        kid: signer.kid,
        sign: async (data) => {
          await reach('before sign')
          const signature = await signer.sign(data)
          await reach('after sign')
          return signature
        },
      }
    },
  }
}

async function start({
  port,
  issuer: name,
  storage,
  masterKey,
  audit,
  signingSeconds,
  answerTimeoutMs = 60_000,
}: Begin): Promise<void> {
  const engine =
    'file' in storage
      ? await SqliteEngine.open(storage)
      : new PostgresEngine({
          connectionString: storage.postgres,
          connectTimeoutMs: answerTimeoutMs,
          statementTimeoutMs: answerTimeoutMs,
          queryTimeoutMs: answerTimeoutMs,
        })
  const master = { value: Buffer.from(masterKey, 'base64url') }
  const file = await FileAudit.open(audit)
  const url = name ?? `http://127.0.0.1:${port}`
  const secret = 'a-generated-secret-of-enough-length'
  const issuer = await openIssuer({
    issuer: url,
    dangerouslyAllowLoopbackHttp: true,
    login: new DevelopmentLogin(),
    clients: [
      {
        clientId: 'app',
        clientSecret: secret,
        grants: [
          'authorization_code',
          'refresh_token',
          'client_credentials',
          'urn:ietf:params:oauth:grant-type:token-exchange',
        ],
        redirectUris: [`${url}/callback`],
        scopes: ['read:/store'],
        audiences: ['https://se.example.org'],
        exchange: { refresh: true },
      },
    ],
    ...(signingSeconds === undefined ? {} : { keys: { signingSeconds, publishAheadSeconds: 1 } }),
    storage: { store: await SqlStore.open(mortalEngine(engine), clock) },
    masterKey: master,
    keyProvider: mortalKeys(new LocalKeys(loadSecrets(master, 'memory'))),
    clock,
    audit: {
      write: async (event) => {
        await reach('before audit')
        await file.write(event)
        await reach('after audit')
      },
      close: () => file.close(),
    },
    logger: { info: log, warn: log, error: log },
    maintenanceIntervalMs: 200,
  })
  const app = buildServer(async (server) => {
    server.addHook('onSend', async ({ url: place }) => {
      if (place === '/token') await reach('before reply')
    })
    server.addHook('onResponse', async ({ url: place }) => {
      if (place === '/token') await reach('after reply')
    })
    await server.register(issuer.plugin)
  })
  await app.listen({ host: '127.0.0.1', port })
  process.on('message', (order: Order) => {
    if ('phase' in order) armed = order
    else if ('advance' in order) clockOffset += order.advance
    process.send!({ done: true })
  })
}

function log(details: object, message: string): void {
  const readable = (_key: string, value: unknown): unknown =>
    value instanceof Error ? Object.assign({}, value, { stack: value.stack, cause: value.cause }) : value
  process.stdout.write(`${JSON.stringify({ message, ...details }, readable)}\n`)
}

process.once('message', (begin: Begin) => {
  start(begin).then(
    () => process.send!({ ready: true }),
    (error: Error) => {
      log({ err: error }, 'it did not start')
      process.exit(1)
    },
  )
})
// Whoever started it is gone.
process.on('disconnect', () => process.exit(0))
