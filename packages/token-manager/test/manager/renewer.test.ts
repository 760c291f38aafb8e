import { mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { SciToken } from '@scitokens/core'
import { expect, test } from 'vitest'
import { lockInstance } from '../../src/state/instance-lock.ts'
import { IssuerCircuit } from '../../src/manager/issuer-circuit.ts'
import { waitAfter } from '../../src/oauth/back-off.ts'
import { Renewer, type RenewerEvent } from '../../src/manager/renewer.ts'
import { TestIssuer } from '../support/test-issuer.ts'
import { openManager, temporaryDirectory, withLogin } from '../support/workspace.ts'

const expiry = (file: string): number =>
  SciToken.decode(readFileSync(file, 'utf8').trim()).unverifiedClaims['exp'] as number

test('a job file is renewed at half of the life of its token, and not before', async () => {
  const { issuer, manager, ana } = await withLogin()
  const file = join(temporaryDirectory(), 'token')
  await manager.deliver({ ...ana, file })
  const renewer = new Renewer(manager)
  const first = readFileSync(file, 'utf8')
  issuer.clock.advance(599)
  await renewer.pass()
  expect(readFileSync(file, 'utf8')).toBe(first)
  issuer.clock.advance(1)
  await renewer.pass()
  expect(readFileSync(file, 'utf8')).not.toBe(first)
  expect(expiry(file)).toBe(issuer.clock() + 1200)
})

test('a file that nobody wants any more is renewed no more', async () => {
  const { issuer, manager, ana } = await withLogin()
  const file = join(temporaryDirectory(), 'token')
  await manager.deliver({ ...ana, file })
  expect(await manager.forget(file)).toBe(true)
  issuer.clock.advance(1000)
  await new Renewer(manager).pass()
  expect(issuer.count('refresh_token')).toBe(1)
})

/**
 * Requests that an issuer sees at the most in so many minutes of absence, when the clock is looked at once a minute: every user once, as all
 * are under way before the first is refused; then one probe at a time after the shortest waits that the rule of back-off allows;
 * and the metadata, which was stale, each ten minutes.
 */
function mostRequests(users: number, minutes: number): number {
  let probes = 0
  for (let failures = 1, at = 1; ; failures++) {
    at += Math.ceil(waitAfter(failures, undefined, () => 0) / 60)
    if (at > minutes) return users + probes + Math.ceil(minutes / 10)
    probes += 1
  }
}

test('a job file follows a token that was renewed because somebody asked for a longer one, here or in another process', async () => {
  const { issuer, manager, ana } = await withLogin()
  const file = join(temporaryDirectory(), 'token')
  await manager.deliver({ ...ana, file })
  const renewer = new Renewer(manager)
  await renewer.pass()
  for (const asked of [manager, await openManager(issuer, { stateDirectory: manager.directory })]) {
    issuer.clock.advance(10)
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    const { token } = await asked.accessToken({ ...ana, minLifetime: 1195 })
    expect(readFileSync(file, 'utf8')).not.toBe(`${token}\n`)
    // oxlint-disable-next-line no-await-in-loop -- as above
    await renewer.pass()
    expect(readFileSync(file, 'utf8')).toBe(`${token}\n`)
  }
  expect(issuer.count('refresh_token')).toBe(3)
})

test('an issuer down for an hour is asked no more often for twenty users than back-off says, and all are served when it is back', async () => {
  const issuer = await TestIssuer.start()
  issuer.lifetime = 3 * 3600
  const manager = await openManager(issuer, { random: Math.random })
  const directory = temporaryDirectory()
  const users = Array.from({ length: 20 }, (_, n) => ({ owner: `user${n}`, service: 'vo' }))
  for (const user of users) {
    await manager.enrol({ ...user, issuer: issuer.url, clientId: 'submit', clientSecret: 's', secret: issuer.login() })
    // oxlint-disable-next-line no-await-in-loop -- enrolments come one by one
    await manager.deliver({ ...user, file: join(directory, user.owner) })
  }
  const renewer = new Renewer(manager)
  issuer.clock.advance(1.6 * 3600)
  const before = issuer.requests.length
  let knocks = 0
  issuer.onRequest = () => {
    knocks += 1
  }
  issuer.down = {}
  for (let minute = 0; minute < 60; minute++) {
    issuer.clock.advance(60)
    // oxlint-disable-next-line no-await-in-loop -- simulated time goes step by step
    await renewer.pass()
    for (const { owner } of users) expect(expiry(join(directory, owner))).toBeGreaterThan(issuer.clock())
  }
  expect(mostRequests(20, 60)).toBe(20 + 16 + 6)
  expect(knocks).toBeLessThanOrEqual(mostRequests(20, 60))
  // With the longest waits of the rule there are 11 probes: it does go on asking.
  expect(knocks).toBeGreaterThanOrEqual(20 + 11)
  issuer.down = undefined
  issuer.clock.advance(600)
  await renewer.pass()
  await renewer.pass()
  expect(issuer.requests.length - before).toBe(20)
  for (const { owner } of users) expect(expiry(join(directory, owner))).toBe(issuer.clock() + 3 * 3600)
})

test('a revoked login leaves the job its token until it expires, is told once, and is not asked for again', async () => {
  const { issuer, manager, ana } = await withLogin()
  const file = join(temporaryDirectory(), 'token')
  const { token } = await manager.deliver({ ...ana, file })
  const events: RenewerEvent[] = []
  const renewer = new Renewer(manager, { onEvent: (event) => events.push(event) })
  issuer.revokeAll()
  issuer.clock.advance(700)
  await renewer.pass()
  await renewer.pass()
  expect(readFileSync(file, 'utf8')).toBe(`${token}\n`)
  expect(events).toEqual([
    expect.objectContaining({
      type: 'failed',
      owner: 'ana',
      error: expect.objectContaining({ code: 'login_required' }),
    }),
  ])
  expect(issuer.count('refresh_token')).toBe(2)
})

test('a new login takes over the job files of the old one', async () => {
  const { issuer, manager, ana } = await withLogin()
  const file = join(temporaryDirectory(), 'token')
  await manager.deliver({ ...ana, file })
  issuer.revokeAll()
  issuer.clock.advance(700)
  const renewer = new Renewer(manager)
  await renewer.pass()
  await manager.enrol({
    ...ana,
    issuer: issuer.url,
    clientId: 'submit',
    clientSecret: 's',
    secret: issuer.login(),
    scopes: ['read:/store', 'write:/store/ana'],
    audience: ['https://se.example'],
  })
  await renewer.pass()
  expect(expiry(file)).toBe(issuer.clock() + 1200)
})

test.each([
  ['ahead by a day', 86_400],
  ['back by a day', -86_400],
])('a clock that jumps %s costs one renewal, and jobs hold a good token after the next pass', async (_, jump) => {
  const { issuer, manager, ana } = await withLogin()
  const file = join(temporaryDirectory(), 'token')
  await manager.deliver({ ...ana, file })
  issuer.clock.advance(jump)
  const renewer = new Renewer(manager)
  await renewer.pass()
  await renewer.pass()
  expect(expiry(file)).toBe(issuer.clock() + 1200)
  expect(issuer.count('refresh_token')).toBe(2)
})

test('back-off that a clock made which was years ahead holds nobody up, with a renewer or without one', async () => {
  const { issuer, manager, ana } = await withLogin()
  issuer.clock.advance(10 * 365 * 86_400)
  issuer.down = {}
  await expect(manager.accessToken(ana)).rejects.toMatchObject({ code: 'issuer_unavailable' })
  issuer.clock.advance(-10 * 365 * 86_400)
  issuer.down = undefined
  await expect(manager.accessToken(ana)).resolves.toMatchObject({ issuedAt: issuer.clock() })
  let now = 1_000_000_000
  const circuit = new IssuerCircuit(
    () => now,
    () => 0.5,
  )
  circuit.failed('https://vo.example', undefined)
  expect([circuit.enter('https://vo.example'), circuit.blocked()]).toEqual([false, ['https://vo.example']])
  now -= 500_000_000
  expect([circuit.blocked(), circuit.enter('https://vo.example')]).toEqual([[], true])
})

test('back-off that a wrong clock made does not outlive it', async () => {
  const { issuer, manager, ana } = await withLogin()
  const file = join(temporaryDirectory(), 'token')
  await manager.deliver({ ...ana, file })
  issuer.clock.advance(1e6)
  issuer.down = {}
  const renewer = new Renewer(manager)
  await renewer.pass()
  issuer.down = undefined
  issuer.clock.advance(-1e6 + 900)
  await new Renewer(manager).pass()
  expect(expiry(file)).toBe(issuer.clock() + 1200)
})

test('a file that could not be written is written as soon as it can be', async () => {
  const { issuer, manager, ana } = await withLogin()
  const directory = join(temporaryDirectory(), 'job')
  const elsewhere = temporaryDirectory()
  mkdirSync(directory)
  const file = join(directory, 'token')
  await manager.deliver({ ...ana, file })
  rmSync(directory, { recursive: true })
  symlinkSync(elsewhere, directory) // a job tries to lead the manager away
  issuer.clock.advance(700)
  const events: RenewerEvent[] = []
  const renewer = new Renewer(manager, { onEvent: (event) => events.push(event) })
  await renewer.pass()
  expect(events).toContainEqual(expect.objectContaining({ type: 'undelivered', file }))
  expect(() => readFileSync(join(elsewhere, 'token'))).toThrow(/ENOENT/)
  rmSync(directory)
  mkdirSync(directory)
  await renewer.pass()
  expect(expiry(file)).toBe(issuer.clock() + 1200)
  expect(issuer.count('refresh_token')).toBe(2)
})

test('a lease file that a power loss has damaged is made anew, and nothing else is lost', async () => {
  const { issuer, manager, ana } = await withLogin()
  await manager.accessToken(ana)
  manager.close()
  writeFileSync(join(manager.directory, 'leases.sqlite'), 'x'.repeat(8192))
  const reopened = await openManager(issuer, { stateDirectory: manager.directory })
  await expect(reopened.accessToken({ ...ana, minLifetime: 2000 })).resolves.toBeDefined()
})

test('job files that a power loss has emptied are written anew by the next start', async () => {
  const { issuer, manager, ana } = await withLogin()
  const file = join(temporaryDirectory(), 'token')
  const { token } = await manager.deliver({ ...ana, file })
  manager.close()
  rmSync(file)
  writeFileSync(file, '')
  await new Renewer(await openManager(issuer, { stateDirectory: manager.directory })).pass()
  expect(readFileSync(file, 'utf8')).toBe(`${token}\n`)
})

test('of two managers on one state directory, the second says so and ends', async () => {
  const { manager } = await withLogin()
  const first = lockInstance(manager.directory)
  expect(() => lockInstance(manager.directory)).toThrow(/another token manager serves/)
  first[Symbol.dispose]()
  lockInstance(manager.directory)[Symbol.dispose]()
})
