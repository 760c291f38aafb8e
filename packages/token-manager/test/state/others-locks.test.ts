import { spawn } from '@scitokens-tests/programs/processes'
import { once } from 'node:events'
import { join } from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import { SciToken } from '@scitokens/core'
import { readFileSync } from 'node:fs'
import { expect, onTestFinished, test } from 'vitest'
import { Renewer } from '../../src/manager/renewer.ts'
import { openManager, temporaryDirectory, withLogin } from '../support/workspace.ts'

/** Loose: with SQLite's own waiting, the event loop stood still for as long as the lock was waited for. */
const LOOSE_MS = 1000

const HOLDER = `
  const { DatabaseSync } = require('node:sqlite')
  const database = new DatabaseSync(process.argv[1], { timeout: 10000 })
  database.exec('begin exclusive')
  console.log('held')
  process.stdin.once('end', () => process.exit()).resume()`

/** Another process that holds a database until it is told to let go. */
async function holdDatabase(file: string): Promise<{ release(): Promise<void> }> {
  const child = spawn(process.execPath, ['--no-warnings', '--eval', HOLDER, file], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  await once(child.stdout, 'data')
  return {
    release: async () => {
      const closed = once(child, 'close')
      child.stdin.end()
      await closed
    },
  }
}

/** The longest time for which the event loop did nothing else while work was done, in milliseconds. */
async function longestPause(work: () => Promise<unknown>): Promise<number> {
  const delay = monitorEventLoopDelay({ resolution: 5 })
  delay.enable()
  await work()
  await sleep(20)
  delay.disable()
  return delay.max / 1e6
}

test.each(['token-manager.sqlite', 'leases.sqlite'])(
  'while another process holds %s for seconds nothing stands still, and who asked is served once it lets go',
  async (name) => {
    const { issuer, manager, ana } = await withLogin()
    const holder = await holdDatabase(join(manager.directory, name))
    let answered = false
    const pause = await longestPause(async () => {
      const asked = [manager.accessToken(ana), manager.accessToken({ ...ana, scopes: ['read:/store'] })]
      void Promise.allSettled(asked).then(() => (answered = true))
      await sleep(2500)
      expect(answered).toBe(false)
      await holder.release()
      const tokens = await Promise.all(asked)
      expect(tokens.map(({ expiresAt }) => expiresAt)).toEqual([issuer.clock() + 1200, issuer.clock() + 1200])
    })
    expect(pause).toBeLessThan(LOOSE_MS)
    expect(issuer.count('refresh_token')).toBe(2)
  },
)

test('a rotated refresh token that the issuer gave while another process held the state is kept', async () => {
  const { issuer, manager, ana } = await withLogin()
  await manager.oauth.metadata.get(issuer.url)
  let answer = (): void => {}
  issuer.gate = new Promise((resolve) => (answer = resolve))
  const asked = manager.accessToken(ana)
  await expect.poll(() => issuer.requests.length).toBe(1)
  const holder = await holdDatabase(join(manager.directory, 'token-manager.sqlite'))
  answer()
  await sleep(500)
  await holder.release()
  await asked
  issuer.clock.advance(5000) // past grace and expiry: only the successor works
  await expect(manager.accessToken(ana)).resolves.toBeDefined()
})

test('a renewer that finds the state held goes on afterwards', async () => {
  const { issuer, manager, ana } = await withLogin()
  const file = join(temporaryDirectory(), 'token')
  await manager.deliver({ ...ana, file })
  issuer.clock.advance(700)
  const holder = await holdDatabase(join(manager.directory, 'token-manager.sqlite'))
  const pause = await longestPause(async () => {
    const passing = new Renewer(manager).pass()
    await sleep(1000)
    await holder.release()
    await passing
  })
  expect(pause).toBeLessThan(LOOSE_MS)
  const { exp } = SciToken.decode(readFileSync(file, 'utf8').trim()).unverifiedClaims
  expect(exp).toBe(issuer.clock() + 1200)
})

test('a manager that starts while another process holds the state opens it once it lets go', async () => {
  const { issuer, manager, ana } = await withLogin()
  manager.close()
  const holder = await holdDatabase(join(manager.directory, 'token-manager.sqlite'))
  const opening = openManager(issuer, { stateDirectory: manager.directory })
  await sleep(500)
  await holder.release()
  await expect((await opening).accessToken(ana)).resolves.toBeDefined()
})
