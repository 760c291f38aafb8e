// Ten thousand enrolled users whose tokens all come due: how long until every job file is fresh, how many requests a second the
// issuer sees, and how much memory the manager needs. The issuer is a process of its own and does nothing but answer.
//
//   npm run bench -- token-manager            10 000 users
//   USERS=1000 npm run bench -- token-manager
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, cpSync, mkdtempSync, mkdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createTestClock } from '@scitokens/core/testing'
import { OAuthClient, Renewer, TokenManager } from '../src/index.ts'

const USERS = Number(process.env['USERS'] ?? 10_000)
const LIFETIME = 1200

const issuer = spawn(process.execPath, [join(import.meta.dirname, 'answering-issuer.ts'), String(LIFETIME)], {
  stdio: ['ignore', 'pipe', 'inherit'],
})
const [address] = (await once(issuer.stdout.setEncoding('utf8'), 'data')) as [string]
const url = address.trim()

const clock = createTestClock()
const open = (stateDirectory: string): TokenManager =>
  TokenManager.open({ stateDirectory, clock, oauth: new OAuthClient({ clock, dangerouslyAllowLoopbackHttp: true }) })

// Enrolment is not what is measured: it is done in memory where the system has a place for that.
const disk = mkdtempSync(join(tmpdir(), 'renewal-bench-'))
const memory = mkdtempSync(join(process.platform === 'linux' ? '/dev/shm' : tmpdir(), 'renewal-bench-'))
const jobs = join(disk, 'jobs')
mkdirSync(jobs)
const preparing = open(join(memory, 'state'))
for (let user = 0; user < USERS; user++) {
  const name = { owner: `user${user}`, service: 'vo', handle: '' }
  const wanted = { scopes: ['read:/store'], audience: ['https://se.example'] }
  preparing.enrol({
    ...name,
    ...wanted,
    issuer: url,
    clientId: 'submit',
    clientSecret: 's',
    secret: `first-${user}`,
    narrowing: 'refresh',
  })
  const family = preparing.store.families.find(name)!
  const grant = {
    accessToken: 'x'.repeat(600),
    issuedAt: clock(),
    expiresAt: clock() + LIFETIME,
    refreshToken: undefined,
    scopes: undefined,
  }
  preparing.store.tokens.saveGrants([{ family, wanted, grant, renewAt: clock() + LIFETIME / 2 }])
  const token = preparing.store.tokens.keep(family, wanted)
  const file = join(jobs, name.owner)
  preparing.store.deliveries.put({ file, tokenId: token.id, uid: undefined, gid: undefined, format: 'bare' })
}
preparing.close()
mkdirSync(join(disk, 'state'), { mode: 0o700 })
cpSync(join(memory, 'state'), join(disk, 'state'), { recursive: true })
chmodSync(join(disk, 'state'), 0o700)

const manager = open(join(disk, 'state'))
clock.advance(LIFETIME / 2)
let failed = 0
let renewed = 0
const renewer = new Renewer(manager, {
  onEvent: ({ type }) => {
    if (type === 'renewed') renewed += 1
    else failed += 1
  },
})
globalThis.gc?.()
const before = process.memoryUsage().rss
let peak = before
const sampling = setInterval(() => (peak = Math.max(peak, process.memoryUsage().rss)), 100)
const started = performance.now()
await renewer.pass()
const seconds = (performance.now() - started) / 1000
clearInterval(sampling)
if (renewed !== USERS || failed > 0) throw new Error(`${renewed} renewed, ${failed} failed`)
if (manager.store.deliveries.undelivered().length > 0) throw new Error('some job files are old')

const mib = (bytes: number): string => `${Math.round(bytes / 1_048_576)} MiB`
console.log(
  `| users | all files fresh after | renewals/s = requests/s at the issuer | of the half-life of ${LIFETIME / 2} s | memory before | at most |`,
)
console.log('| --- | --- | --- | --- | --- | --- |')
console.log(
  `| ${USERS} | ${seconds.toFixed(1)} s | ${Math.round(USERS / seconds)} | ${Math.round((100 * seconds) / (LIFETIME / 2))} % | ${mib(before)} | ${mib(peak)} |`,
)
manager.close()
issuer.kill()
for (const directory of [disk, memory]) rmSync(directory, { recursive: true })
