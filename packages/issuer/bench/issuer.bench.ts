// Tokens per second: this issuer, a general OpenID provider, and bare handlers that only sign, each alone on one core.
// node tools/dev.mjs node --conditions=@scitokens/source packages/issuer/bench/issuer.bench.ts [SECONDS] [--tokens=1000000] [--only=...]
// `--only`: one of `speed`, `refreshes`, `endurance`.
import autocannon from 'autocannon'
import { startOwnPostgres } from '../test/support/postgres.ts'
import { HEADERS, RefreshLoad, type Row, ServerProcess, showRows } from './client.ts'

const duration = Number(process.argv[2] ?? 8) || 8
const tokens = Number(/--tokens=(\d+)/.exec(process.argv.join(' '))?.[1] ?? 100_000)
const CC = 'grant_type=client_credentials&scope=read%3A%2Fstore%2Fdata'

async function load(server: ServerProcess, what: string, more: Partial<autocannon.Options>): Promise<Row> {
  const before = await server.measure()
  const options = { url: server.url, method: 'POST', headers: HEADERS, body: CC, connections: 20, ...more } as const
  const result = await autocannon(options)
  const { cpu } = await server.measure()
  if (result.non2xx > 0 || result.errors > 0) throw new Error(`${result.non2xx} refusals and ${result.errors} errors`)
  const perCpuSecond = Math.round(result['2xx'] / (cpu - before.cpu))
  return {
    what,
    perSecond: Math.round(result.requests.average),
    perCpuSecond,
    p50: result.latency.p50,
    p99: result.latency.p99,
  }
}

/** Rounds of all servers in turn, so that a slow moment of the machine meets all of them; the best round counts. */
async function compare(kinds: readonly string[], rounds: number): Promise<Row[]> {
  const best = new Map<string, Row>()
  const servers = new Map<string, ServerProcess>()
  for (const kind of kinds) servers.set(kind, await ServerProcess.start(kind))
  for (let round = 0; round <= rounds; round++) {
    for (const [kind, server] of servers) {
      const body = kind === 'oidc-provider' ? 'grant_type=client_credentials&scope=read' : CC
      const result = await load(server, kind, { duration: round === 0 ? 2 : duration, body })
      // The first round only warms up.
      if (round > 0 && result.perCpuSecond > (best.get(kind)?.perCpuSecond ?? 0)) best.set(kind, result)
    }
  }
  for (const server of servers.values()) await server.stop()
  return [...best.values()]
}

/** Refreshes, after a round that warms up. */
async function refresh(what: string, database?: string): Promise<Row> {
  const server = await ServerProcess.start('issuer', database === undefined ? {} : { database })
  const clients = new RefreshLoad(server)
  await clients.run(what, 3)
  const row = await clients.run(what, duration)
  clients.close()
  await server.stop()
  return row
}

/** Memory and database while very many tokens are issued. */
async function endurance(): Promise<void> {
  const server = await ServerProcess.start('issuer')
  await load(server, 'warm', { amount: Math.min(tokens, 50_000) })
  const mega = (bytes: number): string => (bytes / 1e6).toFixed(1)
  console.log('\n| tokens | heap, MB | resident, MB | database, bytes |\n|---|---|---|---|')
  for (let step = 0; step <= 10; step++) {
    if (step > 0) await load(server, 'endurance', { amount: tokens / 10 })
    const { heap, rss, size } = await server.measure('collect')
    console.log(`| ${(step * tokens) / 10} | ${mega(heap)} | ${mega(rss)} | ${size} |`)
  }
  await server.stop()
}

async function speed(): Promise<void> {
  const rows = await compare(['issuer', 'oidc-provider', 'bare', 'bare without a framework', 'nothing'], 3)
  showRows(rows)
  const of = (what: string): number => rows.find((row) => row.what === what)!.perCpuSecond
  console.log(`\nissuer / oidc-provider: ${(of('issuer') / of('oidc-provider')).toFixed(2)}`)
  console.log(`issuer / bare handler: ${(of('issuer') / of('bare')).toFixed(2)}`)
}

async function refreshes(): Promise<void> {
  const postgres = await startOwnPostgres({ durable: true })
  showRows([await refresh('refresh on SQLite'), await refresh('refresh on PostgreSQL', postgres.connectionString)])
  await postgres.stop()
}

const only = /--only=(\w+)/.exec(process.argv.join(' '))?.[1]
for (const [name, part] of Object.entries({ speed, refreshes, endurance })) {
  if (only === undefined || only === name) await part()
}
