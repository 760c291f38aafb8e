// Requests that key clients cause and what their callers get, when things are not as they should be.
import { pass } from './simulated-time.ts'
import { clients, type Client, type ClientKind } from './clients.ts'
import { type BenchIssuer, newKey, startBenchIssuer } from './issuer.ts'
import { table } from './table.ts'

interface Outcome {
  /** Requests for metadata and key set since the scenario began. */
  readonly requests: string
  readonly outcome: string
}

type Scenario = (client: Client, issuer: BenchIssuer) => Promise<string>

const works = (client: Client, kid: string): Promise<boolean> =>
  client.getKey(kid).then(
    () => true,
    () => false,
  )

/** Asks again and again, a moment apart, and counts the answers. */
async function ask(client: Client, kids: readonly string[]): Promise<number> {
  let served = 0
  for (const kid of kids) {
    if (await works(client, kid)) served++
    await new Promise((resolve) => setTimeout(resolve, 1))
  }
  return served
}

const scenarios: readonly (readonly [name: string, run: Scenario])[] = [
  [
    '1000 concurrent first callers',
    async (client) => {
      const served = await Promise.all(Array.from({ length: 1000 }, () => works(client, 'first')))
      return `${served.filter(Boolean).length} served`
    },
  ],
  [
    'dead endpoint (status 503), 100 tokens',
    async (client, issuer) => {
      issuer.away = true
      return `${await ask(
        client,
        Array.from({ length: 100 }, () => 'first'),
      )} served`
    },
  ],
  [
    '100 tokens with different unknown kids, a minute after the keys were loaded',
    async (client) => {
      await client.getKey('first')
      await pass(60)
      const served = await ask(
        client,
        Array.from({ length: 100 }, (_, index) => `forged-${index}`),
      )
      return `${served} served`
    },
  ],
  [
    'rotation: a new key signs a minute after the keys were loaded',
    async (client, issuer) => {
      await client.getKey('first')
      await pass(60)
      issuer.keys = [...issuer.keys, await newKey('second')]
      return (await works(client, 'second')) ? 'new key served' : 'new key refused'
    },
  ],
  [
    'withdrawal: a key is no longer listed; its tokens come every ten minutes for two hours',
    async (client, issuer) => {
      await client.getKey('first')
      issuer.keys = [await newKey('second')]
      let last = 0
      for (let minutes = 10; minutes <= 120; minutes += 10) {
        await pass(600)
        if (await works(client, 'first')) last = minutes
        // A refresh in the background has the ten minutes to come back.
        await new Promise((resolve) => setTimeout(resolve, 30))
      }
      return last === 120 ? 'still served after 120 min' : `last served after ${last} min`
    },
  ],
  [
    'outage: the issuer is away for four days; a token every ten minutes',
    async (client, issuer) => {
      await client.getKey('first')
      issuer.away = true
      let served = 0
      for (let tokens = 0; tokens < 575; tokens++) {
        await pass(600)
        if (await works(client, 'first')) served++
        await new Promise((resolve) => setTimeout(resolve, 2))
      }
      return `${served} of 575 served`
    },
  ],
  [
    'recovery: the issuer was away for a minute at the first token, and is back',
    async (client, issuer) => {
      issuer.away = true
      await works(client, 'first')
      issuer.away = false
      await pass(60)
      return (await works(client, 'first')) ? 'served' : 'not served'
    },
  ],
]

async function runScenario(kind: ClientKind, run: Scenario): Promise<Outcome> {
  const issuer = await startBenchIssuer()
  const client = kind.create(issuer)
  try {
    const outcome = await run(client, issuer)
    return { requests: `${issuer.count.metadata} + ${issuer.count.jwks}`, outcome }
  } finally {
    await client.close()
    await issuer.close()
  }
}

const rows: string[][] = []
for (const [name, run] of scenarios) {
  const outcomes: Outcome[] = []
  for (const kind of clients) outcomes.push(await runScenario(kind, run))
  rows.push([name, ...outcomes.map(({ requests, outcome }) => `${requests}: ${outcome}`)])
}
console.log('Each cell: requests for metadata + for the key set, and what callers got.\n')
console.log(table(['', ...clients.map(({ name }) => name)], rows))
