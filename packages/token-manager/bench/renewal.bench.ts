// Ten thousand enrolled users whose tokens all come due: how long until every job file is fresh, what the issuer sees of it, and how much
// memory and processor the manager needs. The issuer is a process of its own and does nothing but answer.
//
//   npm run bench -- token-manager            10 000 users
//   USERS=1000 npm run bench -- token-manager
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, cpSync, mkdtempSync, mkdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createTestClock } from '@scitokens/core/testing'
import { OAuthClient, Renewer, TokenManager } from '../src/index.ts'
import type { Seen } from './answering-issuer.ts'

const USERS = Number(process.env['USERS'] ?? 10_000)
const LIFETIME = 1200

const issuer = fork(join(import.meta.dirname, 'answering-issuer.ts'), [String(LIFETIME)])
const [url] = (await once(issuer, 'message')) as [string]

const clock = createTestClock()
const open = (stateDirectory: string): Promise<TokenManager> =>
  TokenManager.open({ stateDirectory, clock, oauth: new OAuthClient({ clock, dangerouslyAllowLoopbackHttp: true }) })

// Enrolment is not what is measured: it is done in memory where the system has a place for that.
const disk = mkdtempSync(join(tmpdir(), 'renewal-bench-'))
const memory = mkdtempSync(join(process.platform === 'linux' ? '/dev/shm' : tmpdir(), 'renewal-bench-'))
const jobs = join(disk, 'jobs')
mkdirSync(jobs)
const preparing = await open(join(memory, 'state'))
for (let user = 0; user < USERS; user++) {
  const name = { owner: `user${user}`, service: 'vo', handle: '' }
  const wanted = { scopes: ['read:/store'], audience: ['https://se.example'] }
  // oxlint-disable-next-line no-await-in-loop -- one after the other
  await preparing.enrol({
    ...name,
    ...wanted,
    issuer: url,
    clientId: 'submit',
    clientSecret: 's',
    secret: `first-${user}`,
    narrowing: 'refresh',
  })
  const grant = {
    accessToken: 'x'.repeat(600),
    issuedAt: clock(),
    expiresAt: clock() + LIFETIME,
    refreshToken: undefined,
    scopes: undefined,
  }
  const { store } = preparing
  // oxlint-disable-next-line no-await-in-loop -- as above
  await store.work(() => {
    const family = store.families.find(name)!
    store.tokens.saveGrants([{ family, wanted, grant, renewAt: clock() + LIFETIME / 2 }])
    const token = store.tokens.keep(family, wanted)
    const file = join(jobs, name.owner)
    store.deliveries.put({ file, tokenId: token.id, uid: undefined, gid: undefined, format: 'bare' })
  })
}
preparing.close()
mkdirSync(join(disk, 'state'), { mode: 0o700 })
cpSync(join(memory, 'state'), join(disk, 'state'), { recursive: true })
chmodSync(join(disk, 'state'), 0o700)

/** Resident memory when nothing is left to be collected. */
function settledMemory(): number {
  globalThis.gc?.()
  return process.memoryUsage().rss
}

const manager = await open(join(disk, 'state'))
let failed = 0
let renewed = 0
const renewer = new Renewer(manager, {
  onEvent: ({ type }) => {
    if (type === 'renewed') renewed += 1
    else failed += 1
  },
})

// The start of a manager: every job file is written anew, as a power loss may have emptied it.
let started = performance.now()
await renewer.pass()
const startSeconds = (performance.now() - started) / 1000

clock.advance(LIFETIME / 2)
const before = settledMemory()
let peak = before
const sampling = setInterval(() => (peak = Math.max(peak, process.memoryUsage().rss)), 100)
const cpuBefore = process.cpuUsage()
started = performance.now()
await renewer.pass()
const seconds = (performance.now() - started) / 1000
const { user, system } = process.cpuUsage(cpuBefore)
const cpuSeconds = (user + system) / 1e6
clearInterval(sampling)
if (renewed !== USERS || failed > 0) throw new Error(`${renewed} renewed, ${failed} failed`)
if (manager.store.deliveries.undelivered().length > 0) throw new Error('some job files are old')
const after = settledMemory()

// What the manager does each second when nothing is due; the first look after so many renewals is no measure.
await renewer.pass()
started = performance.now()
for (let pass = 0; pass < 20; pass++) {
  // oxlint-disable-next-line no-await-in-loop -- one pass after the other is what is timed
  await renewer.pass()
}
const idleMs = (performance.now() - started) / 20

issuer.send('what have you seen?')
const [seen] = (await once(issuer, 'message')) as [Seen]
const mib = (bytes: number): string => `${Math.round(bytes / 1_048_576)} MiB`
const rows: [string, string][] = [
  ['users, one job file each', String(USERS)],
  [
    'all job files fresh after',
    `${seconds.toFixed(1)} s, ${((100 * seconds) / (LIFETIME / 2)).toFixed(1)} % of the half-life of ${LIFETIME / 2} s`,
  ],
  ['renewals a second', String(Math.round(USERS / seconds))],
  ['processor time of the manager for a renewal', `${((1000 * cpuSeconds) / USERS).toFixed(2)} ms`],
  [
    'requests at the issuer',
    `${seen.requests} on ${seen.connections} connections, ${seen.busiestSecond} in the busiest second`,
  ],
  ['memory of the manager before, at most, and after', `${mib(before)}, ${mib(peak)}, ${mib(after)}`],
  ['a look at the clock when nothing is due', `${idleMs.toFixed(1)} ms`],
  ['start of the manager: all job files written anew', `${startSeconds.toFixed(1)} s`],
]
console.log('| what | figure |\n| --- | --- |')
for (const row of rows) console.log(`| ${row.join(' | ')} |`)
manager.close()
issuer.kill()
for (const directory of [disk, memory]) rmSync(directory, { recursive: true })
