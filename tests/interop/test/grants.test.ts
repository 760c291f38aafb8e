import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { decodeUnverified } from '@scitokens/core'
import type { ClientOptions } from '@scitokens/issuer'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Person } from '../src/person.ts'
import { requirePrograms, run } from '../src/programs.ts'
import { type Reply, startVo, type Vo } from '../src/vo.ts'
import { startXrootd, type Xrootd } from '../src/xrootd/server.ts'

const AUDIENCE = 'https://xrd.test'
const DEVICE = 'urn:ietf:params:oauth:grant-type:device_code'
const EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange'
const secret = 'a-secret-of-the-interop-rig-only'

/** The four kinds of token that VOs issue; each has applications of its own. */
const SCI = { read: 'read', write: 'write', profile: 'scitoken:2.0' } as const
const WLCG = { read: 'storage.read', write: 'storage.modify', profile: 'wlcg:1.x' } as const
const KINDS = [
  { ...SCI, algorithm: 'ES256', portal: 'portal', transfer: 'transfer' },
  { ...SCI, algorithm: 'RS256', portal: 'portal-sci-rs', transfer: 'transfer-sci-rs' },
  { ...WLCG, algorithm: 'ES256', portal: 'portal-wlcg-es', transfer: 'transfer-wlcg-es' },
  { ...WLCG, algorithm: 'RS256', portal: 'portal-wlcg-rs', transfer: 'transfer-wlcg-rs' },
] as const

let vo: Vo
let xrootd: Xrootd

beforeAll(async () => {
  requirePrograms({
    xrootd: 'xrootd-server',
    'oidc-agent': 'oidc-agent-cli',
    'oidc-gen': 'oidc-agent-cli',
    curl: 'curl',
  })
  const clients = KINDS.flatMap(({ read, write, profile, algorithm, portal, transfer }): ClientOptions[] => {
    const common = { clientSecret: secret, audiences: ['*'], profile, algorithm }
    return [
      {
        ...common,
        clientId: portal,
        grants: [DEVICE, 'refresh_token'],
        scopes: [`${read}:/store`, `${write}:/store/{sub}`],
        defaultAudience: AUDIENCE,
      },
      {
        ...common,
        clientId: transfer,
        grants: [EXCHANGE],
        scopes: [`${read}:/`, `${write}:/`],
        exchange: { from: [portal] },
      },
    ]
  })
  vo = await startVo(clients, { deviceIntervalSeconds: 1 })
  xrootd = await startXrootd({
    dir: vo.dir,
    authority: vo.authority,
    issuers: [{ issuer: vo.issuer, basePath: '/' }],
    audience: AUDIENCE,
  })
  for (const directory of ['store', 'store/ana', 'private']) mkdirSync(join(xrootd.dataDir, directory))
  for (const file of ['store/a.txt', 'store/ana/b.txt', 'private/c.txt'])
    writeFileSync(join(xrootd.dataDir, file), `${file}\n`)
})

afterAll(async () => {
  await xrootd?.stop()
  await vo?.stop()
})

/** Statuses of reading a public, a personal and a private file with a token. */
async function readAll(token: string): Promise<number[]> {
  const statuses = []
  for (const path of ['/store/a.txt', '/store/ana/b.txt', '/private/c.txt']) {
    const args = ['-sS', '-o', '/dev/null', '-w', '%{http_code}', '--cacert', vo.authority.certificate, '-H', '@-']
    // oxlint-disable-next-line no-await-in-loop -- in order, for the log
    const { stdout } = await run('curl', [...args, xrootd.https + path], { input: `Authorization: Bearer ${token}\n` })
    statuses.push(Number(stdout))
  }
  return statuses
}

interface Application {
  readonly id: string
  readonly secret: string
}

async function logInByDevice(scope: string, portal: Application): Promise<Reply> {
  const begun = await vo.post('/device_authorization', { scope }, portal)
  const { device_code, user_code, verification_uri } = begun.body as Record<string, string>
  await new Person('ana', vo).approveDevice(verification_uri!, user_code!)
  await sleep(1100)
  return vo.post('/token', { grant_type: DEVICE, device_code: device_code! }, portal)
}

describe.each(KINDS)('XRootD takes $profile tokens of our issuer, signed $algorithm, by every grant', (kind) => {
  const { read, write, profile, algorithm } = kind
  const [portal, transfer] = [kind.portal, kind.transfer].map((id) => ({ id, secret })) as [Application, Application]

  test('the device flow, its refresh to a narrower path, and an exchange of that', async () => {
    const login = await logInByDevice(`${read}:/store ${write}:/store/ana offline_access`, portal)
    expect(login.status).toBe(200)
    const token = login.body['access_token'] as string
    const { unverifiedHeader, unverifiedClaims } = decodeUnverified(token)
    expect(unverifiedHeader['alg']).toBe(algorithm)
    expect(unverifiedClaims).toMatchObject(profile === 'wlcg:1.x' ? { 'wlcg.ver': '1.0' } : { ver: 'scitoken:2.0' })
    expect(await readAll(token)).toEqual([200, 200, 403])

    const refreshToken = login.body['refresh_token'] as string
    const narrower = { grant_type: 'refresh_token', refresh_token: refreshToken, scope: `${read}:/store/ana` }
    const refreshed = await vo.post('/token', narrower, portal)
    expect(await readAll(refreshed.body['access_token'] as string)).toEqual([403, 200, 403])

    const exchange = {
      grant_type: EXCHANGE,
      subject_token: token,
      subject_token_type: 'urn:ietf:params:oauth:token-type:access_token',
      scope: `${read}:/store/ana ${read}:/private`,
    }
    const exchanged = await vo.post('/token', exchange, transfer)
    // What the subject token could not do, the exchanged one cannot either.
    expect(await readAll(exchanged.body['access_token'] as string)).toEqual([403, 200, 403])
  })
})

describe('oidc-agent without a terminal', () => {
  let agent: { env: NodeJS.ProcessEnv; pid: number }

  beforeAll(() => {
    const dir = join(vo.dir, 'oidc-agent')
    mkdirSync(dir, { mode: 0o700 })
    const env = { PATH: process.env['PATH'], HOME: dir, OIDC_CONFIG_DIR: dir, OIDC_ENCRYPTION_PW: 'interop' }
    const output = execFileSync('oidc-agent', ['--no-scheme', '--quiet'], { env, encoding: 'utf8' })
    const variable = (name: string): string => new RegExp(`${name}=([^;]+);`).exec(output)?.[1] ?? ''
    agent = { env: { ...env, OIDC_SOCK: variable('OIDC_SOCK') }, pid: Number(variable('OIDCD_PID')) }
  })
  afterAll(() => {
    if (agent) process.kill(agent.pid)
  })

  /** Runs the device flow of `oidc-gen`, approving it as soon as the code is printed. */
  async function generate(name: string, more: readonly string[]): Promise<string> {
    const args = [name, `--iss=${vo.issuer}`, '--flow=device', `--cp=${vo.authority.certificate}`, ...more]
    const quiet = ['--pw-env=OIDC_ENCRYPTION_PW', '--prompt=none', '--confirm-default', '--no-url-call']
    const child: ChildProcess = spawn('oidc-gen', [...args, ...quiet], {
      env: agent.env,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let output = ''
    let approving: Promise<unknown> | undefined
    const collect = (chunk: Buffer): void => {
      output += chunk.toString()
      const code = /\b[B-Z]{4}-[B-Z]{4}\b/.exec(output)?.[0]
      if (code !== undefined) approving ??= new Person('ana', vo).approveDevice(`${vo.issuer}/device`, code)
    }
    child.stdout!.on('data', collect)
    child.stderr!.on('data', collect)
    const [status] = (await once(child, 'exit')) as [number]
    await approving
    expect(status, output).toBe(0)
    return output
  }

  const token = async (...args: string[]): Promise<string> => {
    const { code, stdout, stderr } = await run('oidc-token', args, { env: agent.env })
    expect(code, stderr).toBe(0)
    return stdout.trim()
  }

  test('logs in by device flow, and its tokens are taken by XRootD, also when refreshed to less', async () => {
    const scope = '--scope=openid offline_access read:/store write:/store/ana'
    await generate('portal', ['--client-id=portal', `--client-secret=${secret}`, scope])
    expect(await readAll(await token('-f', 'portal'))).toEqual([200, 200, 403])
    expect(await readAll(await token('-f', '--scope=read:/store/ana', 'portal'))).toEqual([403, 200, 403])
    // Narrowing was for that token alone: the login can still do all it could.
    expect(await readAll(await token('-f', 'portal'))).toEqual([200, 200, 403])
    // The server is named at the refresh, as people do: a token for another one is refused here.
    expect(await readAll(await token('-f', '--aud=https://elsewhere.test', 'portal'))).toEqual([403, 403, 403])
    expect(await readAll(await token('-f', `--aud=${AUDIENCE}`, 'portal'))).toEqual([200, 200, 403])
  })
})
