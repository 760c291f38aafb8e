import { spawn } from '@scitokens-tests/programs/processes'
import { chmodSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { expect, onTestFinished, test } from 'vitest'
import { type Account, type DaemonOptions, ManagerClient, startDaemon } from '../../src/index.ts'
import { temporaryDirectory, withLogin } from '../support/workspace.ts'

const self = process.geteuid!()
const NOBODY = 65_534

/** A daemon whose accounts are Ana (whoever runs the test) and Ben. */
async function started(
  queueManagers: readonly number[] = [],
  life: Partial<DaemonOptions> = {},
): Promise<
  Awaited<ReturnType<typeof withLogin>> & {
    socket: string
    operations: string | undefined
    connect: () => Promise<ManagerClient>
    stop: () => Promise<void>
  }
> {
  const prepared = await withLogin()
  const accounts: Account[] = [
    { name: 'ana', uid: self, gid: process.getegid!() },
    { name: 'ben', uid: NOBODY, gid: NOBODY },
  ]
  const directory = temporaryDirectory()
  chmodSync(directory, 0o755)
  const daemon = await startDaemon(prepared.manager, {
    stateDirectory: prepared.manager.directory,
    socketDirectory: join(directory, 'run'),
    queueManagers,
    accounts: async (user) => accounts.find(({ name, uid }) => name === user || uid === user),
    renewer: { tickMs: 20 },
    ...life,
  })
  let stopped = false
  const stop = async (): Promise<void> => {
    if (!stopped) await daemon.stop()
    stopped = true
  }
  onTestFinished(stop)
  const connectOne = async (): Promise<ManagerClient> => {
    const client = await ManagerClient.open(daemon.socket)
    onTestFinished(() => client.close())
    return client
  }
  return { ...prepared, socket: daemon.socket, operations: daemon.operationsAddress, connect: connectOne, stop }
}

test('a user gets tokens of the own login, and never sees a refresh token', async () => {
  const { connect: open, refreshToken } = await started()
  const client = await open()
  expect(client.user).toBe('ana')
  const token = await client.call('token', { service: 'vo', scopes: ['write:/store/ana'] })
  expect(token).toMatchObject({ token: expect.any(String), expiresAt: expect.any(Number) })
  const list = await client.call('list')
  expect(list).toMatchObject({ logins: [{ owner: 'ana', service: 'vo' }] })
  for (const answer of [token, list])
    expect(JSON.stringify(answer)).not.toMatch(new RegExp(`${refreshToken}|rt-|secret-of`))
})

test('a user enrols, and logs out', async () => {
  const { connect: open, issuer } = await started()
  const client = await open()
  await client.call('enrol', { service: 'other', issuer: issuer.url, clientId: 'c', secret: issuer.login() })
  await expect(client.call('token', { service: 'other' })).resolves.toBeDefined()
  expect(await client.call('logout', { service: 'other' })).toEqual({ revoked: true })
  await expect(client.call('token', { service: 'other' })).rejects.toMatchObject({ code: 'login_required' })
})

test.runIf(self === 0)(
  'the peer is who the kernel says: another user cannot act for Ana or have files written',
  async () => {
    const { socket } = await started()
    const script = `
    const net = require('node:net'), fs = require('node:fs')
    const socket = net.connect(process.argv[1])
    const lines = require('node:readline').createInterface({ input: socket })
    const requests = [{ method: 'token', parameters: { owner: 'ana', service: 'vo' } },
      { method: 'deliver', parameters: { service: 'vo', file: '/tmp/x' } }, { method: 'list', parameters: {} }]
    lines.once('line', (line) => {
      process.umask(0)
      fs.mkdirSync(JSON.parse(line).challenge, { mode: 0o700 })
      socket.write('{}\\n')
      lines.on('line', (answer) => {
        console.log(answer)
        if (requests.length === 0) return socket.end()
        socket.write(JSON.stringify({ id: 1, ...requests.shift() }) + '\\n')
      })
    })`
    // The node of the system, as this one may lie where nobody else can read.
    const child = spawn('node', ['-e', script, socket], {
      uid: NOBODY,
      gid: NOBODY,
      cwd: '/',
      env: { PATH: '/usr/local/bin:/usr/bin:/bin' },
    })
    let out = ''
    child.stdout.on('data', (chunk) => (out += String(chunk)))
    await new Promise((resolve) => child.on('close', resolve))
    const answers = out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { ok: boolean })
    expect(answers).toMatchObject([
      { ok: true, user: 'ben' },
      { ok: false, error: { code: 'peer_not_allowed' } },
      { ok: false, error: { code: 'peer_not_allowed' } },
      { ok: true, result: { logins: [] } },
    ])
  },
)

test('who cannot or will not show who it is gets nothing', async () => {
  const { socket } = await started()
  /** Answers the challenge in some wrong way and gives what comes back. */
  const converse = (act: (challenge: string) => void): Promise<string> =>
    new Promise((resolve) => {
      const peer = connect(socket)
      let received = ''
      peer.setEncoding('utf8').on('data', (chunk: string) => {
        const first = received === ''
        received += chunk
        if (!first) return
        act((JSON.parse(chunk) as { challenge: string }).challenge)
        peer.write('{}\n{"id":1,"method":"list"}\n')
      })
      peer.on('close', () => resolve(received))
    })
  const elsewhere = temporaryDirectory()
  const attempts = [
    () => {},
    (challenge: string) => symlinkSync(elsewhere, challenge),
    (challenge: string) => mkdirSync(challenge, { mode: 0o755 }),
    (challenge: string) => {
      mkdirSync(challenge, { mode: 0o700 })
      mkdirSync(join(challenge, 'x'))
    },
  ]
  for (const attempt of attempts) {
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    const received = await converse(attempt)
    expect(received.trim().split('\n')).toHaveLength(2)
    expect(received).toContain('peer_not_allowed')
  }
})

test('a queue manager has job files written and forgotten', async () => {
  const { connect: open, manager, issuer } = await started([self])
  const client = await open()
  const job = temporaryDirectory()
  const file = join(job, 'token')
  await client.call('deliver', { owner: 'ana', service: 'vo', file, scopes: ['read:/store'] })
  const first = readFileSync(file, 'utf8')
  expect(statSync(file).uid).toBe(self)
  issuer.clock.advance(700)
  await expect.poll(() => readFileSync(file, 'utf8')).not.toBe(first)
  expect(readdirSync(job)).toEqual(['token'])
  expect(await client.call('forget', { file })).toEqual({ known: true })
  expect(manager.store.tokens.countKept()).toBe(0)
  await expect(client.call('deliver', { owner: 'ana', service: 'vo', file: 'relative' })).rejects.toMatchObject({
    code: 'invalid_request',
  })
})

test.runIf(self === 0)('a job file belongs to the user of the job', async () => {
  const { connect: open, issuer } = await started()
  const client = await open()
  await client.call('enrol', { owner: 'ben', service: 'vo', issuer: issuer.url, clientId: 'c', secret: issuer.login() })
  const job = temporaryDirectory()
  await client.call('deliver', { owner: 'ben', service: 'vo', file: join(job, 'token') })
  expect(statSync(join(job, 'token'))).toMatchObject({ uid: NOBODY, gid: NOBODY })
})

test('what makes no sense is refused by a sentence, and the connection goes on', async () => {
  const { connect: open } = await started()
  const client = await open()
  await expect(client.call('constructor')).rejects.toMatchObject({ code: 'invalid_request' })
  await expect(client.call('token')).rejects.toMatchObject({ code: 'invalid_request', message: /service/ })
  await expect(client.call('token', { service: 'vo', scopes: 'read:/' })).rejects.toMatchObject({
    code: 'invalid_request',
  })
  await expect(client.call('list')).resolves.toBeDefined()
})

test('garbage and endless lines end the connection, not the manager', async () => {
  const { socket, connect: open } = await started()
  for (const garbage of ['not json\n', 'x'.repeat(300_000)]) {
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    await new Promise((resolve) => {
      const peer = connect(socket, () => peer.write(garbage))
      peer
        .on('close', resolve)
        .on('error', () => {})
        .resume()
    })
  }
  await expect((await open()).call('list')).resolves.toBeDefined()
})

test('a manager that stops answers what was asked, and whoever has just come, and ends who has an answer', async () => {
  const { connect: open, socket, stop } = await started()
  const client = await open()
  await client.call('list')
  const newcomer = connect(socket)
  const challenge = await new Promise<string>((resolve) => {
    newcomer
      .setEncoding('utf8')
      .once('data', (line: string) => resolve((JSON.parse(line) as { challenge: string }).challenge))
  })
  const stopping = stop()
  await expect(client.call('list')).rejects.toMatchObject({ code: 'undecided' })
  mkdirSync(challenge, { mode: 0o700 })
  newcomer.write(`{}\n${JSON.stringify({ id: 1, method: 'list' })}\n`)
  const answers = await text(newcomer)
  expect(answers).toContain('"result":{"logins":[{')
  await stopping
})

test('health and metrics have an address of their own, where it is told one', async () => {
  const { operations } = await started([], { operations: { host: '127.0.0.1', port: 0 } })
  const ask = async (path: string): Promise<string> => (await fetch(`http://${operations}${path}`)).text()
  expect(await ask('/readyz')).toBe('ready\n')
  expect(await ask('/metrics')).toContain('# TYPE scitokens_token_manager_renewals_total counter')
})

test('a client tells an absent manager as "could not decide"', async () => {
  const { socket, stop } = await started()
  await stop()
  await expect(ManagerClient.open(socket)).rejects.toMatchObject({ family: 'undecided' })
})
