// What a burst of requests with new tokens does to everybody else: how long the event loop is kept, and which
// thread does the work.
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import { createTestIssuer } from '@scitokens/core/testing'
import { Enforcer } from '../src/index.ts'
import type { Candidate } from './measure.ts'
import { createPeers } from './peers.ts'

const BURST = 200
const BURSTS = 30
const audience = 'https://storage.example'

/** A burst in one turn of the event loop, as from many sockets that became readable; then the next, after a rest. */
async function measureBursts(name: string, call: Candidate): Promise<void> {
  const delays = monitorEventLoopDelay({ resolution: 1 })
  const answered: number[] = []
  const worst: number[] = []
  const onLoop: number[] = []
  const elsewhere: number[] = []
  for (let burst = 0; burst < BURSTS; burst++) {
    delays.reset()
    delays.enable()
    // oxlint-disable-next-line no-await-in-loop -- the sampler has to be running
    await sleep(10)
    const [process0, thread0] = [process.cpuUsage(), process.threadCpuUsage()]
    const start = performance.now()
    // oxlint-disable-next-line no-await-in-loop -- bursts come one after the other
    await Promise.all(Array.from({ length: BURST }, (_, i) => call(burst * BURST + i)))
    const took = performance.now() - start
    const [all, own] = [process.cpuUsage(process0), process.threadCpuUsage(thread0)].map(
      ({ user, system }) => (user + system) / BURST,
    ) as [number, number]
    // oxlint-disable-next-line no-await-in-loop -- the sampler sees the last delay when it has passed
    await sleep(10)
    delays.disable()
    if (burst < 5) continue // not warm yet
    answered.push(took)
    worst.push(delays.max / 1e6)
    onLoop.push(own)
    elsewhere.push(all - own)
  }
  const middle = (values: readonly number[]): string => values.toSorted((a, b) => a - b)[values.length >> 1]!.toFixed(1)
  console.log(`| ${name} | ${middle(worst)} | ${middle(answered)} | ${middle(onLoop)} | ${middle(elsewhere)} |`)
}

for (const alg of ['ES256', 'RS256'] as const) {
  // oxlint-disable-next-line no-await-in-loop -- one thing at a time is the point
  const issuer = await createTestIssuer({ alg })
  // oxlint-disable-next-line no-await-in-loop -- as above
  const tokens = await Promise.all(
    Array.from({ length: 1000 }, (_, i) =>
      issuer.sign({ aud: audience, sub: `user-${i}`, scope: 'read:/store write:/store/user/ana' }, { lifetime: 3600 }),
    ),
  )
  // oxlint-disable-next-line no-await-in-loop -- as above
  const peers = await createPeers(issuer, audience, tokens)
  const enforcer = new Enforcer({ issuers: issuer.issuer, keys: issuer.keys, audience, cache: false })
  console.log(`\n${alg}, bursts of ${BURST}\n`)
  console.log(
    '| | longest delay of the event loop, ms | until all are answered, ms | its thread, µs per token | other threads |',
  )
  console.log('|---|---|---|---|---|')
  const ours: Candidate = async (i) => {
    const decision = await enforcer.decide(tokens[i % tokens.length]!, { authz: 'read', path: '/store/file' })
    if (!decision.allowed) throw decision.error
  }
  for (const [name, call] of Object.entries({ 'Enforcer.decide, not cached': ours, ...peers.candidates })) {
    // oxlint-disable-next-line no-await-in-loop -- as above
    await measureBursts(name, call)
  }
  peers.close()
}
