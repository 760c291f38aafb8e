// Tokens per second: this issuer, a general OpenID provider, and a bare handler that only signs, each alone on one core.
// node tools/dev.mjs node --conditions=@scitokens/source packages/issuer/bench/issue.ts [SECONDS] [--tokens=1000000]
import autocannon from 'autocannon'
import { startPostgres } from '../test/postgres.ts'
import { EXCHANGE, HEADERS, ServerProcess } from './client.ts'

const duration = Number(process.argv[2] ?? 8)
const tokens = Number(/--tokens=(\d+)/.exec(process.argv.join(' '))?.[1] ?? 100_000)
const CC = 'grant_type=client_credentials&scope=read%3A%2Fstore%2Fdata'

interface Row {
  readonly what: string
  readonly perSecond: number
  /** Per second of the server's own processor time: what a core can do, also while the machine has other work. */
  readonly perCpuSecond: number
  readonly p50: number
  readonly p99: number
}

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

/** Families refreshed one after the other by as many clients at the same time, each with the newest token. */
async function refresh(what: string, database?: string): Promise<Row> {
  const server = await ServerProcess.start('issuer', database)
  const post = async (form: Record<string, string>): Promise<Record<string, string>> => {
    const reply = await fetch(server.url, {
      method: 'POST',
      headers: HEADERS,
      body: new URLSearchParams(form).toString(),
    })
    if (reply.status !== 200) throw new Error(await reply.text())
    return (await reply.json()) as Record<string, string>
  }
  const times: number[] = []
  const client = async (until: number): Promise<void> => {
    const { access_token } = await post({ grant_type: 'client_credentials' })
    const subject = {
      subject_token: access_token!,
      subject_token_type: 'urn:ietf:params:oauth:token-type:access_token',
    }
    let { refresh_token } = await post({ grant_type: EXCHANGE, ...subject, scope: 'offline_access read:/store' })
    while (performance.now() < until) {
      const begun = performance.now()
      ;({ refresh_token } = await post({ grant_type: 'refresh_token', refresh_token: refresh_token! }))
      times.push(performance.now() - begun)
    }
  }
  const before = await server.measure()
  const begun = performance.now()
  await Promise.all(Array.from({ length: 20 }, () => client(begun + duration * 1000)))
  const seconds = (performance.now() - begun) / 1000
  const cpu = (await server.measure()).cpu - before.cpu
  await server.stop()
  times.sort((a, b) => a - b)
  const at = (share: number): number => Math.round(times[Math.floor(times.length * share)]! * 10) / 10
  const perCpuSecond = Math.round(times.length / cpu)
  return { what, perSecond: Math.round(times.length / seconds), perCpuSecond, p50: at(0.5), p99: at(0.99) }
}

/** Memory and database after very many tokens. */
async function endurance(): Promise<void> {
  const server = await ServerProcess.start('issuer')
  await load(server, 'warm', { amount: Math.min(tokens, 50_000) })
  const before = await server.measure('collect')
  await load(server, 'endurance', { amount: tokens })
  const after = await server.measure('collect')
  await server.stop()
  const mega = (bytes: number): string => (bytes / 1e6).toFixed(1)
  console.log(
    `\nAfter ${tokens} more tokens: heap ${mega(before.heap)} -> ${mega(after.heap)} MB, RSS ${mega(before.rss)} -> ${mega(after.rss)} MB, database ${before.size} -> ${after.size} bytes`,
  )
}

const rows = await compare(['issuer', 'oidc-provider', 'bare'], 3)
rows.push(await refresh('refresh on SQLite'))
const postgres = await startPostgres()
rows.push(await refresh('refresh on PostgreSQL', postgres.connectionString))
await postgres.stop()
console.log('| what | per second | per second of its processor time | p50 ms | p99 ms |\n|---|---|---|---|---|')
for (const { what, perSecond, perCpuSecond, p50, p99 } of rows)
  console.log(`| ${what} | ${perSecond} | ${perCpuSecond} | ${p50} | ${p99} |`)
const speed = (what: string): number => rows.find((row) => row.what === what)!.perCpuSecond
console.log(`\nissuer / oidc-provider: ${(speed('issuer') / speed('oidc-provider')).toFixed(2)}`)
console.log(`issuer / bare handler: ${(speed('issuer') / speed('bare')).toFixed(2)}`)
await endurance()
