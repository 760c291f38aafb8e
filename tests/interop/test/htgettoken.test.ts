import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { rootCertificates } from 'node:tls'
import { decodeUnverified } from '@scitokens/core'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { scitokens, scitokensOutput } from '../src/cli.ts'
import { type FakeVault, startFakeVault } from '../src/htgettoken/fake-vault.ts'
import { type Htgettoken, prepareHtgettoken } from '../src/htgettoken/prepare.ts'
import { type Outcome, requirePrograms, run } from '../src/programs.ts'
import { startVo, type Vo } from '../src/vo.ts'

// htgettoken and this project share one file per user: each must find what the other wrote, under the rules of WLCG bearer token
// discovery. htgettoken gets its token from a Vault; the part of a Vault that it asks is played here, its token is a real one.

const robot = { id: 'robot', secret: 'a-secret-of-the-interop-rig-only' }
const VAULT_TOKEN = 'a-vault-token-of-the-interop-rig-only'
let vo: Vo
let vault: FakeVault
let programs: Htgettoken
let home: string

beforeAll(async () => {
  requirePrograms({ python3: 'python3-venv', jq: 'jq', 'scitokens-verify': 'scitokens-cpp', unshare: 'util-linux' })
  programs = await prepareHtgettoken()
  const servers = { audiences: ['*'], defaultAudience: 'https://xrd.test' }
  const scopes = ['read:/', 'write:/']
  vo = await startVo([{ clientId: robot.id, clientSecret: robot.secret, subject: 'ana', scopes, ...servers }])
  vault = await startFakeVault(vo.dir, vo.authority, {
    vaultToken: VAULT_TOKEN,
    accessToken: (asked) => {
      const [scope, audience] = [asked.get('scopes'), asked.get('audiences')]
      return vo.token(robot, { ...(scope !== null && { scope }), ...(audience !== null && { audience }) })
    },
  })
  writeFileSync(join(vo.dir, 'bundle.pem'), [...rootCertificates, readFileSync(vo.authority.certificate)].join('\n'))
}, 300_000)
afterAll(async () => {
  await vault?.stop()
  await vo?.stop()
})

let users = 0
beforeEach(() => {
  // A home and a runtime directory for each test, as for a user who has just logged in.
  home = join(vo.dir, `home-${++users}`)
  mkdirSync(join(home, 'run'), { recursive: true, mode: 0o700 })
  writeFileSync(join(home, 'vt'), `${VAULT_TOKEN}\n`, { mode: 0o600 })
})

interface Environment {
  readonly HOME: string
  readonly XDG_RUNTIME_DIR: string
  readonly BEARER_TOKEN_FILE?: string
}
const environment = (more: { BEARER_TOKEN_FILE?: string } = {}): Environment => ({
  HOME: home,
  XDG_RUNTIME_DIR: join(home, 'run'),
  ...more,
})

function htgettoken(env: Environment, ...more: string[]): Promise<Outcome> {
  const { hostname, port } = new URL(vault.url)
  const where = ['-a', `https://${hostname}:${port}`, '--cafile', vo.authority.certificate, '-i', 'rig']
  const who = ['--credkey', 'ana', '--vaulttokenfile', join(home, 'vt'), '--nooidc', '--nokerberos', '--nossh']
  return run(programs.htgettoken, [...where, ...who, ...more], { env: { ...env } })
}

/** htgettoken's own reader. It has scitokens-verify check what it finds, which knows the rig's CA in a mount namespace only. */
function htdecodetoken(env: Environment): Promise<Outcome> {
  const script = 'mount --bind "$0" /etc/ssl/certs/ca-certificates.crt && exec "$@"'
  const args = ['-m', 'sh', '-c', script, join(vo.dir, 'bundle.pem'), programs.htdecodetoken]
  return run('unshare', args, { env: { ...env, XDG_CACHE_HOME: join(home, 'cache') } })
}

const discover = (env: Environment): Promise<Outcome> => scitokens(['discover', '--print'], { env: { ...env } })

async function logIn(env: Environment): Promise<void> {
  const secret = join(home, 'secret')
  writeFileSync(secret, robot.secret, { mode: 0o600 })
  const who = ['--flow', 'client', '--client-id', robot.id, '--client-secret-file', secret, '--scope', 'read:/store']
  await scitokensOutput(['login', vo.issuer, ...who, '--ca', vo.authority.certificate], { env: { ...env } })
}

const writeToken = (env: Environment): Promise<string> =>
  scitokensOutput(['token', '--write', '--ca', vo.authority.certificate], { env: { ...env } })

/** Both places that a user can choose. */
const PLACES = [
  {
    place: '$XDG_RUNTIME_DIR',
    choose: () => environment(),
    file: () => join(home, 'run', `bt_u${process.geteuid!()}`),
  },
  {
    place: '$BEARER_TOKEN_FILE',
    choose: () => environment({ BEARER_TOKEN_FILE: join(home, 'chosen') }),
    file: () => join(home, 'chosen'),
  },
]

describe.each(PLACES)('in $place', ({ choose, file }) => {
  test('what htgettoken writes is found here, and only its owner can read it', async () => {
    const env = choose()
    const got = await htgettoken(env)
    expect(got, got.stderr).toMatchObject({ code: 0 })
    expect(statSync(file()).mode & 0o777).toBe(0o600)
    const written = readFileSync(file(), 'utf8').trim()
    expect(await discover(env)).toMatchObject({ code: 0, stdout: `${written}\n` })
    const judged = await scitokens(
      [
        'test',
        'read',
        '/store/x',
        '--discover',
        '--issuer',
        vo.issuer,
        '--ca',
        vo.authority.certificate,
        '--any-audience',
      ],
      { env: { ...env, XDG_CACHE_HOME: join(home, 'cache') } },
    )
    expect(judged, judged.stderr).toMatchObject({ code: 0 })
  })

  test("what `scitokens token --write` writes is found by htgettoken's own reader, and libscitokens verifies it", async () => {
    const env = choose()
    await logIn(env)
    expect(await writeToken(env)).toBe(file())
    expect(statSync(file()).mode & 0o777).toBe(0o600)
    const read = await htdecodetoken(env)
    expect(read, read.stderr).toMatchObject({ code: 0 })
    const jti = decodeUnverified(readFileSync(file(), 'utf8').trim()).getUnverified('jti')
    expect(read.stdout).toContain(JSON.stringify(jti))
    expect(read.stdout).toContain(JSON.stringify(vo.issuer))
  })

  test('each takes the place of what the other wrote', async () => {
    const env = choose()
    await logIn(env)
    await writeToken(env)
    const ours = readFileSync(file(), 'utf8').trim()
    expect(await htgettoken(env)).toMatchObject({ code: 0 })
    const theirs = readFileSync(file(), 'utf8').trim()
    expect(theirs).not.toBe(ours)
    expect((await discover(env)).stdout.trim()).toBe(theirs)
    await writeToken(env)
    expect((await discover(env)).stdout.trim()).toBe(ours) // it lives long enough to be used again
    expect(statSync(file()).mode & 0o777).toBe(0o600)
  })
})

test('a token that htgettoken could not get leaves no file that discovery would take', async () => {
  const env = environment()
  writeFileSync(join(home, 'vt'), 'another-vault-token\n', { mode: 0o600 })
  expect((await htgettoken(env)).code).not.toBe(0)
  expect(vault.asked.at(-1)).toMatchObject({ vaultToken: 'another-vault-token' })
  expect(existsSync(join(home, 'run', `bt_u${process.geteuid!()}`))).toBe(false)
})

test('narrower scopes and servers are asked of the Vault, and the narrower token is the one that is found', async () => {
  const env = environment()
  expect(await htgettoken(env, '--scopes', 'read:/store', '--audience', 'https://elsewhere.test')).toMatchObject({
    code: 0,
  })
  expect(vault.asked.at(-1)!.path).toContain('/v1/secret/oauth/sts/rig/ana:default')
  const { stdout } = await discover(env)
  const found = decodeUnverified(stdout.trim())
  expect(found.getUnverified('scope')).toBe('read:/store')
  expect(found.getUnverified('aud')).toBe('https://elsewhere.test')
})
