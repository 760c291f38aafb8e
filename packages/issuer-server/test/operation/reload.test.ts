import { needs } from '@scitokens-tests/programs'
import { once } from 'node:events'
import { readFile, rename, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { connect as connectTcp } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { searchAudit } from '@scitokens/issuer'
import { serveIssuer } from '../../src/serve.ts'
import { askToken, freePort, ROBOT, SECRET, serve, type Served, temporaryDirectory, TestLog } from '../served.ts'
import { selfSigned } from '../self-signed.ts'

const lines = async (dir: string): Promise<Record<string, unknown>[]> =>
  (await readFile(join(dir, 'audit.jsonl'), 'utf8'))
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>)

const scopeOf = async (answer: Response): Promise<unknown> => ((await answer.json()) as { scope?: unknown }).scope

describe('a reload', () => {
  test('takes over clients and policy without a restart, and leaves an audit line that says what changed', async () => {
    const { served, url, dir, write } = await serve()
    expect((await askToken(url, { client: 'portal' })).status).toBe(401)
    await write(
      `${ROBOT.replace('read:/store', 'read:/other')}  - clientId: portal\n    clientSecret: { env: ROBOT_SECRET }\n`,
    )
    expect(await served.reload()).toEqual({ ok: true, needsRestart: [] })
    expect((await askToken(url)).status).toBe(400)
    expect(await scopeOf(await askToken(url, { scope: 'read:/other' }))).toBe('read:/other')
    expect((await lines(dir)).find(({ event }) => event === 'config_reloaded')).toMatchObject({
      issuer: url,
      detail: 'clients +portal ~robot',
    })
    await write('clients: []\n')
    await served.reload()
    expect((await askToken(url, { scope: 'read:/other' })).status).toBe(401)
    const metadata = (await (await fetch(`${url}/.well-known/openid-configuration`)).json()) as Record<string, string[]>
    expect(metadata['scopes_supported']).not.toContain('read:/other')
  })

  test('drops what was decided before: the same request is judged by the new policy', async () => {
    const rules = (path: string): string =>
      `policy: { rules: [{ scopes: ['read:${path}'] }] }\n${ROBOT.replace("scopes: ['read:/store']", "groups: ['/vo']")}`
    const { served, url, write } = await serve(rules('/store'))
    for (let times = 0; times < 3; times++) expect(await scopeOf(await askToken(url))).toBe('read:/store')
    await write(rules('/store/public'))
    await served.reload()
    expect(await scopeOf(await askToken(url))).toBe('read:/store/public')
  })

  test('reads secrets again', async () => {
    const env = { ROBOT_SECRET: SECRET }
    const { served, url } = await serve(ROBOT, env)
    env.ROBOT_SECRET = 'another-generated-secret-of-enough-length'
    await served.reload()
    expect((await askToken(url)).status).toBe(401)
    expect((await askToken(url, { secret: env.ROBOT_SECRET })).status).toBe(200)
  })

  test.each([
    ['that is no YAML', 'clients: [\n', /issuer\.yaml:8: /],
    ['with an unknown key', `${ROBOT}    scope: read:/\n`, /issuer\.yaml:12: clients\[0\]\.scope: is not a key/],
    ['with a client that cannot be', `${ROBOT}    lifetime: 999999\n`, /issuer\.yaml:12: clients\[0\]\.lifetime: /],
    ['with a secret that is not there', ROBOT.replace('ROBOT_SECRET', 'NO_SUCH'), /:9: .*NO_SUCH is not set/],
    ['with limits for no address', `${ROBOT}rateLimit: { addresses: { here: 5 } }\n`, /:12: rateLimit\.addresses: /],
  ])('of a file %s changes nothing, and the log names file, line and key in one sentence', async (_, text, message) => {
    const { served, url, log, write, dir } = await serve()
    await write(text)
    expect(await served.reload()).toMatchObject({ ok: false })
    const [error, ...more] = log.lines.filter(({ level }) => level === 'error')
    expect(more).toEqual([])
    expect(error!.message).toMatch(/^nothing was taken over, all stays as it was: /)
    expect(error!.message).toMatch(message)
    expect(await scopeOf(await askToken(url))).toBe('read:/store')
    expect((await lines(dir)).map(({ event }) => event)).toEqual(['token_issued'])
    const metrics = await (await fetch(`${served.operationsAddress}/metrics`)).text()
    expect(metrics).toContain('service_reload_good 0')
    await write(ROBOT)
    expect(await served.reload()).toMatchObject({ ok: true })
    expect(await (await fetch(`${served.operationsAddress}/metrics`)).text()).toContain('service_reload_good 1')
  })

  test('names what only a restart takes over, also when it is asked again, and takes over the rest', async () => {
    const { served, url, log, path } = await serve()
    const changed = (await readFile(path, 'utf8'))
      .replace(/listen: .*/, 'listen: { port: 1, trustedProxies: ["10.0.0.1"] }')
      .replace('issuer.sqlite', 'other.sqlite')
      .replace('read:/store', 'read:/other')
    await writeFile(path, `${changed}login: { development: true }\nregistration: {}\n`)
    const outcome = {
      ok: true,
      needsRestart: ['listen.port', 'listen.trustedProxies', 'storage.file', 'login', 'registration'],
    }
    expect(await served.reload()).toEqual(outcome)
    expect(await served.reload()).toEqual(outcome)
    expect(log.lines.filter(({ level }) => level === 'warn').map(({ message }) => message)).toContain(
      `only a restart takes over ${outcome.needsRestart.join(', ')}`,
    )
    expect(await scopeOf(await askToken(url, { scope: 'read:/other' }))).toBe('read:/other')
  })

  test('of several issuers changes each by its own part of the file', async () => {
    const dir = await temporaryDirectory()
    const port = await freePort()
    const path = join(dir, 'issuer.yaml')
    const client = (scope: string): string =>
      `clients: [{ clientId: robot, clientSecret: { env: ROBOT_SECRET }, scopes: ['${scope}'], audiences: [x] }]`
    const write = (a: string, b: string): Promise<void> =>
      writeFile(
        path,
        `dangerouslyAllowLoopbackHttp: true
listen: { port: ${port} }
operations: false
storage: { file: ${JSON.stringify(join(dir, 'issuer.sqlite'))} }
realms:
  - { issuer: 'http://127.0.0.1:${port}/a', ${client(a)} }
  - { issuer: 'http://127.0.0.1:${port}/b', ${client(b)} }
`,
      )
    await write('read:/a', 'read:/b')
    const log = new TestLog()
    const served = await serveIssuer(path, { env: { ROBOT_SECRET: SECRET }, logger: log })
    try {
      await write('read:/a', 'read:/..')
      expect(await served.reload()).toMatchObject({ ok: false })
      expect(log.lines.at(-1)!.message).toMatch(/issuer\.yaml:7: realms\[1\]\.clients\[0\]\.scopes: /)
      await write('read:/a', 'read:/new')
      expect(await served.reload()).toMatchObject({ ok: true })
      const at = (name: string, scope: string): Promise<Response> =>
        askToken(`http://127.0.0.1:${port}/${name}`, { scope })
      expect(await scopeOf(await at('a', 'read:/a'))).toBe('read:/a')
      expect(await scopeOf(await at('b', 'read:/new'))).toBe('read:/new')
      const issued = log.lines.filter(({ message }) => message === 'config_reloaded')
      expect(issued.map(({ details }) => (details['audit'] as { detail: string }).detail)).toEqual([
        'nothing',
        'clients ~robot',
      ])
    } finally {
      await served.stop()
    }
  })
})

/** Sends the head of a token request, so that it has begun; `finish` sends the rest and answers the reply. */
async function begin({ url, served }: Served): Promise<{ finish: () => Promise<string> }> {
  const { hostname, port } = new URL(url)
  const socket = connectTcp(Number(port), hostname)
  await once(socket, 'connect')
  const body = 'grant_type=client_credentials'
  socket.write(
    `POST /token HTTP/1.1\r\nHost: ${hostname}:${port}\r\nAuthorization: Basic ${btoa(`robot:${SECRET}`)}\r\nConnection: close\r\n` +
      `Content-Type: application/x-www-form-urlencoded\r\nContent-Length: ${body.length}\r\n\r\n${body.slice(0, 5)}`,
  )
  await fetch(`${served.operationsAddress}/healthz`)
  return {
    finish: async () => {
      socket.write(body.slice(5))
      let answer = ''
      for await (const chunk of socket.setEncoding('utf8')) answer += chunk as string
      return answer
    },
  }
}

test('connections stay open over a reload: a request that is under way is answered', async () => {
  const running = await serve()
  const { finish } = await begin(running)
  await running.write(ROBOT.replace('read:/store', 'read:/new'))
  expect(await running.served.reload()).toMatchObject({ ok: true })
  expect(await finish()).toMatch(/^HTTP\/1\.1 200/)
})

test('a renewed certificate is served after a reload, on the same port', needs('openssl'), async () => {
  const dir = await temporaryDirectory()
  const port = await freePort()
  const path = join(dir, 'issuer.yaml')
  const [certificate, key] = [join(dir, 'tls.pem'), join(dir, 'tls.key')]
  const renew = async (): Promise<string> => {
    const made = selfSigned(dir)
    await writeFile(certificate, made.certificate)
    await writeFile(key, made.key, { mode: 0o600 })
    return made.fingerprint
  }
  const first = await renew()
  await writeFile(
    path,
    `issuer: https://127.0.0.1:${port}
listen: { port: ${port}, tls: { certificate: ${certificate}, key: ${key} } }
operations: false
storage: { file: ${join(dir, 'issuer.sqlite')} }
`,
  )
  const log = new TestLog()
  const served = await serveIssuer(path, { env: {}, logger: log })
  const shown = async (): Promise<string> => {
    const socket = connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false })
    await once(socket, 'secureConnect')
    const { fingerprint256 } = socket.getPeerCertificate()
    socket.destroy()
    return fingerprint256
  }
  try {
    expect(await shown()).toBe(first)
    const second = await renew()
    expect(await served.reload()).toEqual({ ok: true, needsRestart: [] })
    expect(await shown()).toBe(second)
    // A certificate without its key would end TLS for everybody.
    await writeFile(key, selfSigned(dir).key)
    expect(await served.reload()).toMatchObject({ ok: false })
    expect(log.lines.at(-1)!.message).toContain('listen.tls.certificate: TLS cannot use certificate and key')
    expect(await shown()).toBe(second)
  } finally {
    await served.stop()
  }
})

test('the audit goes on in a new file after the old one was renamed, and loses no line', async () => {
  const { served, url, dir } = await serve()
  await askToken(url)
  await rename(join(dir, 'audit.jsonl'), join(dir, 'audit.jsonl.1'))
  // Until it is told, the issuer writes to the file that it has.
  await askToken(url)
  await served.reload()
  await askToken(url)
  expect((await readFile(join(dir, 'audit.jsonl.1'), 'utf8')).trimEnd().split('\n')).toHaveLength(2)
  expect((await lines(dir)).map(({ event }) => event)).toEqual(['config_reloaded', 'token_issued'])
})

test('no line of the audit is lost or torn when it is rotated under load', async () => {
  const { served, url, dir } = await serve(`${ROBOT}rateLimit: { perClient: 100000, perAddress: 100000 }\n`)
  const rotating = new AbortController()
  const asked = Array.from({ length: 4 }, async () => {
    const ids: unknown[] = []
    while (!rotating.signal.aborted) {
      const { access_token: token } = (await (await askToken(url)).json()) as { access_token: string }
      ids.push((JSON.parse(Buffer.from(token.split('.')[1]!, 'base64url').toString()) as { jti: string }).jti)
    }
    return ids
  })
  const file = join(dir, 'audit.jsonl')
  for (let turn = 1; turn <= 6; turn++) {
    await expect.poll(async () => (await stat(file)).size, { timeout: 60_000, interval: 5 }).toBeGreaterThan(1000)
    await rename(file, `${file}.${turn}`)
    expect(await served.reload()).toMatchObject({ ok: true })
  }
  rotating.abort()
  const issued = (await Promise.all(asked)).flat()
  const found: unknown[] = []
  const onBroken = (): void => expect.fail('a torn line')
  for await (const { jti } of searchAudit([file], { outcome: 'issued' }, { onBroken })) found.push(jti)
  expect(found).toHaveLength(issued.length)
  expect(new Set(found)).toEqual(new Set(issued))
})

test('a reload whose audit line cannot be written is taken over, and the log says what is missing', async () => {
  const { served, url, write, log, dir } = await serve()
  await rm(join(dir, 'audit.jsonl'))
  // The kernel's full disk.
  await symlink('/dev/full', join(dir, 'audit.jsonl'))
  await write(ROBOT.replace('scopes:', 'lifetime: 60\n    scopes:'))
  expect(await served.reload()).toMatchObject({ ok: true })
  expect(log.lines.map(({ message }) => message)).toContain(
    'the audit line about the changed configuration could not be written',
  )
  expect((await served.issuer.realms[0]!.clients.find('robot'))!.lifetime).toBe(60)
  // And no token leaves without its line.
  expect((await askToken(url)).status).toBe(503)
})

test('reloads that are asked for at once are done one after the other', async () => {
  const { served, url, write, dir } = await serve()
  await write(ROBOT.replace('read:/store', 'read:/new'))
  const outcomes = await Promise.all([served.reload(), served.reload(), served.reload()])
  expect(outcomes.every(({ ok }) => ok)).toBe(true)
  expect((await lines(dir)).map(({ detail }) => detail)).toEqual(['clients ~robot', 'nothing', 'nothing'])
  expect(await scopeOf(await askToken(url, { scope: 'read:/new' }))).toBe('read:/new')
})
