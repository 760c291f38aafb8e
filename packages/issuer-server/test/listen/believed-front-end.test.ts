import { silentLogger } from '@scitokens/core/internal'
import { chmod, chown, mkdir, stat, symlink, writeFile } from 'node:fs/promises'
import { once } from 'node:events'
import { type IncomingMessage, request } from 'node:http'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { checkIssuerConfig } from '../../src/issuer/configured-issuer.ts'
import { serveIssuer } from '../../src/serve.ts'
import { listenOptions } from '../../src/listen/listen-options.ts'
import { ROBOT, SECRET, serve, temporaryDirectory } from '../served.ts'

const ENV = { ROBOT_SECRET: SECRET, FRONT_SECRET: 'a-secret-between-front-end-and-issuer' }
const LOGIN =
  'login: { header: { subjectHeader: x-remote-user, groupsHeader: x-groups, addresses: [127.0.0.1], secret: { env: FRONT_SECRET } } }\n'

type Field = readonly [name: string, value: string]
type Where = { readonly port: number } | { readonly socketPath: string }

/** Sends fields exactly as they are; `fetch` would join them. */
async function send(
  where: Where,
  path: string,
  fields: readonly Field[],
  body?: string,
): Promise<{ status: number | undefined; body: string; cookies: readonly string[] }> {
  const headers = [...(fields.some(([name]) => /^host$/i.test(name)) ? [] : ['Host', 'localhost']), ...fields.flat()]
  const length = body === undefined ? [] : ['Content-Length', String(body.length)]
  const method = body === undefined ? 'GET' : 'POST'
  const options = { host: '127.0.0.1', ...where, path, method, agent: false, headers: [...headers, ...length] as never }
  const sent = request(options).end(body)
  const [response] = (await once(sent, 'response')) as [IncomingMessage]
  const text = Buffer.concat((await response.toArray()) as Buffer[]).toString()
  return { status: response.statusCode, body: text, cookies: response.headers['set-cookie'] ?? [] }
}

const toLogin = (issuer: string): string => `/login?${new URLSearchParams({ continue: `${issuer}/applications` })}`
const FROM_FRONT_END: Field = ['X-Front-End-Secret', ENV.FRONT_SECRET]
const session = (cookies: readonly string[]): boolean =>
  cookies.some((cookie) => cookie.startsWith('scitokens_session=') && !cookie.includes('Max-Age=0'))

describe('a front end that says who has logged in', () => {
  test('is believed where every field came once, and logs nobody in where one came twice', async () => {
    const { url } = await serve(ROBOT + LOGIN, ENV)
    const login = async (...fields: Field[]): Promise<readonly [number | undefined, boolean]> => {
      const { status, cookies } = await send({ port: Number(new URL(url).port) }, toLogin(url), fields)
      return [status, session(cookies)]
    }
    const ana: Field = ['X-Remote-User', 'ana']
    expect(await login(FROM_FRONT_END, ana, ['X-Groups', '/vo/a'])).toEqual([303, true])
    expect(await login(FROM_FRONT_END, ana, ['X-Remote-User', 'mallory'])).toEqual([403, false])
    expect(await login(FROM_FRONT_END, ['x-remote-user', 'mallory'], ana)).toEqual([403, false])
    expect(await login(FROM_FRONT_END, ana, ['X-Groups', '/vo/a'], ['X-GROUPS', '/vo/admin'])).toEqual([403, false])
    expect(await login(FROM_FRONT_END, FROM_FRONT_END, ana)).toEqual([403, false])
    expect(await login(ana)).toEqual([403, false])
  })

  test('is believed over a Unix socket, in a directory that is closed to others', async () => {
    const dir = await temporaryDirectory()
    const socketPath = join(dir, 'issuer.sock')
    const path = join(dir, 'issuer.yaml')
    const login = 'login: { header: { subjectHeader: x-remote-user, unixSocket: true } }'
    await writeFile(
      path,
      `issuer: https://vo.example\nlisten: { socket: ${socketPath} }\noperations: false\nstorage: { file: ${join(dir, 'db')} }\n${login}\n${ROBOT}`,
    )
    const served = await serveIssuer(path, { env: ENV, logger: silentLogger })
    onTestFinished(() => served.stop())
    const { status } = await send({ socketPath }, toLogin('https://vo.example'), [['X-Remote-User', 'ana']])
    expect(status).toBe(303)
    // The directory decides: its group can connect, whatever the umask of this account.
    expect((await stat(socketPath)).mode & 0o666).toBe(0o666)
    const doubled: Field[] = [
      ['X-Remote-User', 'ana'],
      ['X-Remote-User', 'ana'],
    ]
    expect((await send({ socketPath }, toLogin('https://vo.example'), doubled)).status).toBe(403)
    await chmod(dir, 0o755)
    await expect(checkIssuerConfig(path, { env: ENV, logger: silentLogger })).rejects.toThrow(
      /issuer\.yaml:2: listen\.socket: whoever can open .* is believed to be the front end/,
    )
    await chmod(dir, 0o700)
  })

  test.each([
    [
      'login: { header: { subjectHeader: x-remote-user, addresses: [127.0.0.1] } }',
      /login\.header\.addresses: every user of this/,
    ],
    [
      'login: { header: { subjectHeader: x-remote-user, addresses: ["192.0.2.7/"] } }',
      /login\.header\.addresses: "192.0.2.7\/"/,
    ],
    [
      'login: { header: { subjectHeader: x-remote-user, unixSocket: true } }',
      /login: header\.unixSocket believes nobody without/,
    ],
    ['listen: { trustedProxies: ["192.0.2.7/"] }', /listen\.trustedProxies: "192.0.2.7\/" has no length/],
    ['listen: { trustedProxies: ["0.0.0.0/0"] }', /listen\.trustedProxies: "0.0.0.0\/0" is everybody/],
    ['listen: { trustedProxies: [loopback] }', /listen\.trustedProxies: "loopback" is neither/],
    ['rateLimit: { addresses: { "10.1.2.3/8": 5 } }', /rateLimit\.addresses: .*write 10\.0\.0\.0\/8/],
  ])('is not configured by mistake: %s', async (line, message) => {
    const path = join(await temporaryDirectory(), 'issuer.yaml')
    await writeFile(path, `issuer: https://vo.example\nstorage: { file: /never/made }\n${line}\n`)
    const checked = checkIssuerConfig(path, { env: ENV, logger: silentLogger })
    await expect(checked).rejects.toThrow(message)
    await expect(checked).rejects.toThrow(/issuer\.yaml:3: /)
  })
})

describe('the directory of a socket', () => {
  const place = async (mode = 0o750): Promise<string> => {
    const dir = join(await temporaryDirectory(), 'run')
    await mkdir(dir)
    await chmod(dir, mode)
    return join(dir, 'issuer.sock')
  }
  const check = async (socket: string): Promise<void> =>
    void (await listenOptions({ issuer: 'https://vo.example', storage: { file: 'x' }, listen: { socket } }))

  test('may be open to its group, which is the front end, and need not be there yet', async () => {
    await expect(check(await place(0o750))).resolves.toBeUndefined()
    await expect(check(await place(0o700))).resolves.toBeUndefined()
    await expect(check(`${await place()}/none/issuer.sock`)).resolves.toBeUndefined()
  })

  test.each([0o751, 0o755, 0o704, 0o770, 0o1777])('is refused with mode %o', async (mode) => {
    await expect(check(await place(mode))).rejects.toMatchObject({ code: 'config_error' })
  })

  test('is refused where others can rename what lies above it, also behind a link', async () => {
    const path = await place()
    const above = join(path, '../..')
    await chmod(above, 0o777)
    await expect(check(path)).rejects.toThrow(/can be written by others/)
    const link = join(await temporaryDirectory(), 'link')
    await symlink(join(path, '..'), link)
    await expect(check(join(link, 'issuer.sock'))).rejects.toThrow(/can be written by others/)
    await chmod(above, 0o700)
    await expect(check(join(link, 'issuer.sock'))).resolves.toBeUndefined()
  })

  test.runIf(process.getuid?.() === 0)('is refused where it, or what lies above it, is another account’s', async () => {
    const path = await place()
    await chown(join(path, '../..'), 4711, 4711)
    await expect(check(path)).rejects.toThrow(/belongs to another user/)
  })
})

describe('an issuer', () => {
  test.each([
    ['Authorization', `Basic ${btoa(`robot:${SECRET}`)}`, `Basic ${btoa('robot:other')}`],
    ['Content-Type', 'application/x-www-form-urlencoded', 'text/plain'],
    ['Host', 'localhost', 'other.example'],
    ['Cookie', 'a=b', 'c=d'],
    ['DPoP', 'one', 'two'],
    ['Origin', 'https://one.example', 'https://two.example'],
  ])('refuses two %s fields, of which somebody else might read the other one', async (name, one, two) => {
    const { url } = await serve()
    const usual: Field[] = [
      ['Authorization', `Basic ${btoa(`robot:${SECRET}`)}`],
      ['Content-Type', 'application/x-www-form-urlencoded'],
    ]
    const others = usual.filter(([other]) => other !== name)
    const ask = (...fields: Field[]): ReturnType<typeof send> =>
      send({ port: Number(new URL(url).port) }, '/token', [...others, ...fields], 'grant_type=client_credentials')
    expect((await ask([name, one])).status).toBe(200)
    const refused = await ask([name, one], [name.toLowerCase(), two])
    expect([refused.status, JSON.parse(refused.body)]).toMatchObject([400, { error: 'invalid_request' }])
    expect((await ask([name, one], [name, one])).status).toBe(400)
  })
})
