import { needing, needs } from '@scitokens-tests/programs'
import { type ChildProcess, execFile } from '@scitokens-tests/programs/processes'
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { SciToken } from '@scitokens/core'
import { loginByDevice, OAuthClient, TokenManager } from '@scitokens/token-manager'
import { expect, onTestFinished } from 'vitest'
import { scitokens, startScitokens, temporaryDirectory } from './support/scitokens.ts'
import { Person, startVo } from './support/vo.ts'

// The manager looks up by getent who asks.
const { test } = needing('getent')

const isRoot = process.geteuid!() === 0
const NOBODY = 65_534

/** A submit host: directories, a manager as its own process, and a login of Ana's made at the real issuer. */
class SubmitHost {
  readonly root = mkdtempSync(join(tmpdir(), 'scitokens-host-'))
  readonly state = join(this.root, 'state')
  readonly run = join(this.root, 'run')
  readonly jobs = join(this.root, 'jobs')
  output = ''
  #manager: ChildProcess | undefined

  constructor() {
    chmodSync(this.root, 0o755)
    mkdirSync(this.jobs, { mode: 0o755 })
    onTestFinished(async () => {
      await this.stop('SIGTERM')
      rmSync(this.root, { recursive: true, force: true })
    })
  }

  /** Starts the manager and waits until it listens. */
  async start(): Promise<void> {
    const queue = String(process.geteuid!())
    const args = [
      'token-manager',
      'serve',
      '--state-dir',
      this.state,
      '--socket-dir',
      this.run,
      '--queue-manager',
      queue,
    ]
    this.#manager = startScitokens([...args, '--dangerously-allow-loopback-http'], (text) => (this.output += text))
    const before = this.output.length
    await expect.poll(() => this.output.slice(before)).toContain('listening on')
  }

  /** Ends the manager; answers its exit status. */
  async stop(signal: 'SIGTERM' | 'SIGKILL'): Promise<number | null> {
    const manager = this.#manager
    this.#manager = undefined
    if (!manager) return null
    return new Promise((resolve) => {
      manager.on('close', resolve)
      manager.kill(signal)
    })
  }

  /** A command to the manager; its answer as JSON. */
  async ask(args: readonly string[], input?: string): Promise<Record<string, unknown>> {
    const ran = await scitokens(
      ['token-manager', ...args, '--socket-dir', this.run, '--json'],
      input === undefined ? {} : { input },
    )
    expect(ran.status, ran.stdout + ran.stderr).toBe(0)
    return ran.json()
  }
}

/** Logs a person in at the issuer and gives the refresh token. */
async function refreshTokenOf(issuer: string, subject: string): Promise<string> {
  const oauth = new OAuthClient({ dangerouslyAllowLoopbackHttp: true })
  const wanted = {
    scopes: ['read:/store', `write:/store/${subject}`, 'offline_access'],
    audience: ['https://se.example'],
  }
  const grant = await loginByDevice(oauth, { issuer, clientId: 'cli' }, wanted, {
    prompt: ({ verificationUriComplete }) => void new Person(subject).agree(verificationUriComplete!),
  })
  return grant.refreshToken!
}

function tokenIn(file: string): { exp: number; scope: string } {
  return SciToken.decode(readFileSync(file, 'utf8').trim()).unverifiedClaims as never
}

async function enrolled(
  lifetime?: number,
): Promise<{ host: SubmitHost; refreshToken: string; vo: Awaited<ReturnType<typeof startVo>> }> {
  const vo = await startVo(lifetime)
  const host = new SubmitHost()
  await host.start()
  const refreshToken = await refreshTokenOf(vo.url, 'ana')
  const login = ['enrol', 'vo', '--issuer', vo.url, '--client-id', 'cli', '--refresh-token-file', '-']
  await host.ask(
    [...login, '--scope', 'read:/store', '--scope', 'write:/store/ana', '--audience', 'https://se.example'],
    refreshToken,
  )
  return { host, refreshToken, vo }
}

test('a queue hands a job a token, and the job keeps a fresh one through three SIGKILLs of the manager', {
  timeout: 240_000,
}, async () => {
  const { host } = await enrolled(6)
  const file = join(host.jobs, 'token')
  await host.ask(['deliver', 'vo', file, '--scope', 'write:/store/ana/run7'])
  expect(tokenIn(file).scope).toBe('write:/store/ana/run7')
  for (let kill = 0; kill < 3; kill++) {
    const before = readFileSync(file, 'utf8')
    // oxlint-disable-next-line no-await-in-loop -- one life after the other
    await expect.poll(() => readFileSync(file, 'utf8'), { interval: 1 }).not.toBe(before)
    // oxlint-disable-next-line no-await-in-loop -- at the very moment of writing
    await host.stop('SIGKILL')
    expect(tokenIn(file).exp).toBeGreaterThan(Date.now() / 1000)
    // oxlint-disable-next-line no-await-in-loop -- one life after the other
    await host.start()
  }
  const last = readFileSync(file, 'utf8')
  await expect.poll(() => readFileSync(file, 'utf8')).not.toBe(last)
  await host.ask(['forget', file])
  expect(await host.stop('SIGTERM')).toBe(0)
  expect(readdirSync(host.jobs)).toEqual(['token'])
})

test('a person logs in to the running manager, and the refresh token stays there alone', async () => {
  const vo = await startVo()
  const host = new SubmitHost()
  await host.start()
  const home = temporaryDirectory()
  const login = ['login', vo.url, '--client-id', 'cli', '--flow', 'device', '--service', 'vo', '--scope', 'read:/store']
  const here = ['--audience', 'https://se.example', '--to-manager', '--dangerously-allow-loopback-http']
  let agreed: Promise<string> | undefined
  const ran = await scitokens([...login, ...here, '--socket-dir', host.run, '--json'], {
    env: { HOME: home },
    onStderr: (text) => {
      const [, url, code] = /Open (\S+) on any device and enter the code (\S+) \(/.exec(text) ?? []
      if (url !== undefined) agreed ??= new Person('ana').agree(`${url}?user_code=${code}`)
    },
  })
  expect(ran.status, ran.stdout + ran.stderr).toBe(0)
  expect(ran.json()).toMatchObject({ ok: true, service: 'vo', issuer: vo.url, scopes: ['read:/store'] })
  expect(ran.stdout + ran.stderr).not.toMatch(/\brt\./)
  expect(readdirSync(home)).toEqual([])
  expect(await host.ask(['request', 'vo'])).toMatchObject({ token: expect.stringMatching(/^eyJ/) })
  await host.stop('SIGTERM')
  const away = await scitokens([...login, ...here, '--socket-dir', host.run], { env: { HOME: home } })
  expect(away.status).toBe(3)
  expect(away.stderr).toMatch(/no token manager answers/)
})

test('a second manager on the same state says so and ends', async () => {
  const host = new SubmitHost()
  await host.start()
  const second = await scitokens([
    'token-manager',
    'serve',
    '--state-dir',
    host.state,
    '--socket-dir',
    join(host.root, 'other'),
  ])
  expect(second.status).toBe(2)
  expect(second.stderr).toMatch(/another token manager serves/)
  await host.ask(['list'])
})

/** Every refresh token that the manager keeps now; with its key, as only its own user can. */
async function keptSecrets(host: SubmitHost): Promise<string[]> {
  using manager = await TokenManager.open({ stateDirectory: host.state })
  return (await manager.store.work(() => manager.store.families.list())).map(({ secret }) => secret!)
}

test('nothing that a job can read holds a refresh token', needs('cat', 'env', 'find'), async () => {
  const marker = join(temporaryDirectory(), 'before')
  writeFileSync(marker, '')
  chmodSync(dirname(marker), 0o755)
  const { host, refreshToken } = await enrolled()
  const job = join(host.jobs, 'job1')
  mkdirSync(job)
  await host.ask(['deliver', 'vo', join(job, 'token')])
  await host.ask(['deliver', 'vo', join(job, 'vo.use'), '--format', 'json'])
  const secrets = [refreshToken, ...(await keptSecrets(host))]
  expect(new Set(secrets).size).toBe(2) // the issuer has rotated meanwhile
  if (isRoot)
    for (const file of [job, ...readdirSync(job).map((name) => join(job, name))]) chownSync(file, NOBODY, NOBODY)
  // The job's own eyes: every file of the machine that was written since and that its user can read, its environment, and the
  // environments and command lines of all processes that it may look at.
  const find = `find / /dev/shm /run -xdev -type f -newer "$1" -readable -print0 2>/dev/null; printf '%s\\0' ---; env -0`
  const asUser = isRoot ? { uid: NOBODY, gid: NOBODY } : {}
  const { stdout } = await promisify(execFile)(
    '/bin/sh',
    ['-c', `${find}; cat /proc/[0-9]*/environ /proc/[0-9]*/cmdline 2>/dev/null`, 'job', marker],
    {
      ...asUser,
      cwd: job,
      env: { PATH: '/usr/bin:/bin', BEARER_TOKEN_FILE: join(job, 'token') },
      maxBuffer: 64 * 1024 * 1024,
    },
  ).catch((error: { stdout: string }) => error) // some processes end while they are looked at
  const [list = '', environments = ''] = stdout.split('---\0')
  const files = list.split('\0').filter((file) => file !== '' && existsSync(file))
  expect(files).toContain(join(job, 'token')) // it did look
  expect(environments).toContain('BEARER_TOKEN_FILE=')
  expect(environments).toContain('token-manager\0serve')
  for (const secret of secrets) {
    expect(environments).not.toContain(secret)
    for (const file of files) expect(holds(file, secret), file).toBe(false)
  }
  // Nor does what the manager itself wrote at rest or told.
  for (const name of readdirSync(host.state)) {
    expect(readFileSync(join(host.state, name), 'latin1'), name).not.toMatch(/\brt\.[\w-]{20,}/)
  }
  expect(host.output).not.toMatch(/\brt\.|eyJ/)
})

/** Files of other programs come and go. */
function holds(file: string, secret: string): boolean {
  try {
    return readFileSync(file).includes(secret)
  } catch {
    return false
  }
}

test('the commands of a running manager tell no, usage and could-not-decide apart', async () => {
  const { host } = await enrolled()
  const ask = (args: string[]): Promise<number | null> =>
    scitokens(['token-manager', ...args, '--socket-dir', host.run]).then(({ status }) => status)
  expect(await ask(['request', 'vo', '--scope', 'write:/store/ben'])).toBe(1)
  expect(await ask(['request', 'nowhere'])).toBe(1)
  expect(await ask(['deliver', 'vo', 'relative'])).toBe(2)
  await host.stop('SIGTERM')
  expect(await ask(['list'])).toBe(3)
})

test('credmon serves a directory by signals', async () => {
  const vo = await startVo()
  const host = new SubmitHost()
  const credentials = join(host.root, 'oauth_credentials')
  mkdirSync(join(credentials, 'ana'), { recursive: true })
  let output = ''
  const credmon = startScitokens(
    [
      'token-manager',
      'credmon',
      '--directory',
      credentials,
      '--state-dir',
      host.state,
      '--dangerously-allow-loopback-http',
    ],
    (text) => (output += text),
  )
  onTestFinished(() => void credmon.kill('SIGKILL'))
  await expect.poll(() => existsSync(join(credentials, 'CREDMON_COMPLETE'))).toBe(true)
  const pid = Number(readFileSync(join(credentials, 'pid'), 'utf8'))
  expect(pid).toBe(credmon.pid)
  const meta = { client_id: 'cli', token_url: `${vo.url}/token`, use_refresh_token: true }
  writeFileSync(join(credentials, 'ana', 'vo.meta'), JSON.stringify(meta))
  const refreshToken = await refreshTokenOf(vo.url, 'ana')
  writeFileSync(
    join(credentials, 'ana', 'vo.top'),
    JSON.stringify({ refresh_token: refreshToken, audience: 'https://se.example' }),
  )
  process.kill(pid, 'SIGHUP')
  await expect.poll(() => existsSync(join(credentials, 'ana', 'vo.use'))).toBe(true)
  const { access_token: token } = JSON.parse(readFileSync(join(credentials, 'ana', 'vo.use'), 'utf8')) as {
    access_token: string
  }
  expect(SciToken.decode(token).unverifiedClaims).toMatchObject({ sub: 'ana', iss: vo.url })
  const status = await new Promise((resolve) => {
    credmon.on('close', resolve)
    process.kill(pid, 'SIGQUIT')
  })
  expect(status, output).toBe(0)
  expect(existsSync(join(credentials, 'pid'))).toBe(false)
  expect(output).not.toContain(refreshToken)
})
