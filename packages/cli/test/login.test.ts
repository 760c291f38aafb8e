import { lstatSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { SciToken } from '@scitokens/core'
import { expect, test } from 'vitest'
import { type Ran, scitokens, temporaryDirectory } from './support/scitokens.ts'
import { CLIENT_SECRET, Person, startVo } from './support/vo.ts'

const claims = (token: string): Record<string, unknown> => SciToken.decode(token.trim()).unverifiedClaims

/** An issuer and a user's home. */
async function prepared(): Promise<{
  vo: Awaited<ReturnType<typeof startVo>>
  home: string
  run: (args: readonly string[], onStderr?: (text: string) => void) => Promise<Ran>
}> {
  const vo = await startVo()
  const home = temporaryDirectory()
  const env = { HOME: home, XDG_RUNTIME_DIR: home }
  return {
    vo,
    home,
    run: (args, onStderr) =>
      scitokens([...args, '--dangerously-allow-loopback-http'], { env, cwd: home, ...(onStderr ? { onStderr } : {}) }),
  }
}

/** Does once what a person does who sees this address. */
function whenAsked(pattern: RegExp, act: (match: RegExpExecArray) => Promise<unknown>): (text: string) => void {
  let done = false
  return (text) => {
    const match = pattern.exec(text)
    if (done || !match) return
    done = true
    void act(match)
  }
}

test('a person logs in by device, gets tokens where tools find them, and logs out', async () => {
  const { vo, home, run } = await prepared()
  const login = [
    'login',
    vo.url,
    '--client-id',
    'cli',
    '--flow',
    'device',
    '--scope',
    'read:/store',
    '--scope',
    'write:/store/ana',
  ]
  const loggedIn = await run(
    [...login, '--audience', 'https://se.example', '--service', 'vo'],
    whenAsked(/Open (\S+) on any device and enter the code (\S+) \(/, ([, url, code]) =>
      new Person('ana').agree(`${url}?user_code=${code}`),
    ),
  )
  expect(loggedIn.status, loggedIn.stderr).toBe(0)

  const printed = await run(['token'])
  expect(printed.status, printed.stderr).toBe(0)
  expect(claims(printed.stdout)).toMatchObject({
    sub: 'ana',
    iss: vo.url,
    aud: 'https://se.example',
    scope: 'read:/store write:/store/ana',
  })

  const narrow = await run(['token', 'vo', '--scope', 'write:/store/ana/run7', '--json'])
  expect(claims(narrow.json<{ token: string }>().token)['scope']).toBe('write:/store/ana/run7')

  const again = await run(['token'])
  expect(again.stdout).toBe(printed.stdout)

  const written = await run(['token', '--write'])
  const file = join(home, `bt_u${process.geteuid!()}`)
  expect(written.stdout.trim()).toBe(file)
  expect(statSync(file).mode & 0o777).toBe(0o600)
  expect(readFileSync(file, 'utf8')).toBe(printed.stdout)
  const found = await scitokens(['discover'], { env: { XDG_RUNTIME_DIR: home } })
  expect(found.stdout.trim()).toBe(file)

  const refused = await run(['token', '--scope', 'write:/store/ben'])
  expect(refused.status).toBe(1)

  expect((await run(['logins', '--json'])).json()).toMatchObject({ logins: [{ service: 'vo', issuer: vo.url }] })
  const out = await run(['logout'])
  expect(out.status, out.stderr).toBe(0)
  expect((await run(['token'])).status).toBe(2)
})

test('whoever names no scope gets what the client gets without asking, and stays logged in', async () => {
  const { vo, run } = await prepared()
  const loggedIn = await run(
    ['login', vo.url, '--client-id', 'cli', '--flow', 'browser', '--audience', 'https://se.example'],
    whenAsked(/(http:\/\/127\.0\.0\.1:\d+\/authorize\?\S+)/, ([, url]) => new Person('ben').agree(url!)),
  )
  expect(loggedIn.status, loggedIn.stderr).toBe(0)
  expect(claims((await run(['token'])).stdout)).toMatchObject({ sub: 'ben', scope: 'read:/store write:/store/ben' })
})

test('a person logs in by a browser on this machine', async () => {
  const { vo, run } = await prepared()
  const loggedIn = await run(
    [
      'login',
      vo.url,
      '--client-id',
      'cli',
      '--flow',
      'browser',
      '--scope',
      'read:/store',
      '--audience',
      'https://se.example',
    ],
    whenAsked(/(http:\/\/127\.0\.0\.1:\d+\/authorize\?\S+)/, ([, url]) => new Person('ben').agree(url!)),
  )
  expect(loggedIn.status, loggedIn.stderr).toBe(0)
  const token = await run(['token'])
  expect(claims(token.stdout)).toMatchObject({ sub: 'ben', scope: 'read:/store' })
})

test('without a client id one is registered, where the issuer lets anybody', async () => {
  const { vo, run } = await prepared()
  const loggedIn = await run(
    ['login', vo.url, '--flow', 'device', '--scope', 'read:/store', '--audience', 'https://se.example'],
    whenAsked(/Open (\S+) on any device and enter the code (\S+) \(/, ([, url, code]) =>
      new Person('cleo').agree(`${url}?user_code=${code}`),
    ),
  )
  expect(loggedIn.status, loggedIn.stderr).toBe(0)
  expect(claims((await run(['token'])).stdout)).toMatchObject({ sub: 'cleo', scope: 'read:/store' })
})

test('a robot logs in by itself; its secret comes from a file and is shown nowhere', async () => {
  const { vo, home, run } = await prepared()
  writeFileSync(join(home, 'secret'), `${CLIENT_SECRET}\n`, { mode: 0o600 })
  const login = ['login', vo.url, '--flow', 'client', '--client-id', 'robot', '--client-secret-file', 'secret']
  const loggedIn = await run([...login, '--audience', 'https://se.example', '--json'])
  expect(loggedIn.status, loggedIn.stderr).toBe(0)
  expect(loggedIn.stdout + loggedIn.stderr).not.toContain(CLIENT_SECRET)
  expect(claims((await run(['token'])).stdout)).toMatchObject({ sub: 'robot' })
})

test('a token is written in the place of a link, never through it, and not below a directory that is one', async () => {
  const { vo, home, run } = await prepared()
  writeFileSync(join(home, 'secret'), CLIENT_SECRET, { mode: 0o600 })
  const login = ['login', vo.url, '--flow', 'client', '--client-id', 'robot', '--client-secret-file', 'secret']
  expect((await run([...login, '--audience', 'https://se.example'])).status).toBe(0)
  const victim = join(home, 'victim')
  writeFileSync(victim, 'precious')
  const place = join(home, `bt_u${process.geteuid!()}`)
  symlinkSync(victim, place)
  expect((await run(['token', '--write'])).stdout).toBe(`${place}\n`)
  expect(readFileSync(victim, 'utf8')).toBe('precious')
  expect(lstatSync(place).isFile()).toBe(true)
  expect(lstatSync(place).mode & 0o777).toBe(0o600)
  expect(readFileSync(place, 'utf8')).toMatch(/^eyJ/)

  mkdirSync(join(home, 'real'))
  symlinkSync(join(home, 'real'), join(home, 'link'))
  const below = await run(['token', '--write', join(home, 'link', 'token')])
  expect(below.status).toBe(2)
  expect(below.stderr).toMatch(/is a link or no directory|is a symbolic link/)
  expect(readdirSync(join(home, 'real'))).toEqual([])
})

test('an issuer that is away is "could not decide"; a token that still lives is handed out all the same', async () => {
  const { vo, home, run } = await prepared()
  writeFileSync(join(home, 'secret'), CLIENT_SECRET)
  await run([
    'login',
    vo.url,
    '--flow',
    'client',
    '--client-id',
    'robot',
    '--client-secret-file',
    'secret',
    '--audience',
    'x',
  ])
  const started = Date.now() / 1000
  await vo.stop()
  expect((await run(['token'])).status).toBe(0)
  const away = await run(['token', '--min-lifetime', '5h', '--json'])
  expect(away.status).toBe(3)
  expect(away.json()).toMatchObject({ error: { code: 'issuer_unavailable' } })
  // The next process, too, knows how long to leave the issuer alone.
  const { logins } = (await run(['logins', '--json'])).json<{ logins: { failures: number; nextAttempt: number }[] }>()
  expect(logins[0]!.failures).toBeGreaterThan(0)
  expect(logins[0]!.nextAttempt).toBeGreaterThan(started)
})

test('bad input is one sentence', async () => {
  const { vo, run } = await prepared()
  const cases: [string[], number, RegExp][] = [
    [['login', 'vo.example', '--client-id', 'x'], 2, /https URL/],
    [['login', vo.url, '--flow', 'client'], 2, /--client-id and --client-secret-file/],
    [['login', 'http://127.0.0.1:1', '--client-id', 'x'], 3, /cannot be reached/],
    [['login', vo.url, '--client-id', 'x', '--service', '../x'], 2, /no service name/],
    [['token'], 2, /nobody is logged in/],
    [['token', 'nowhere'], 2, /there is no login nowhere/],
    [['logout'], 2, /nobody is logged in/],
  ]
  await Promise.all(
    cases.map(async ([args, status, sentence]) => {
      const ran = await run(args)
      expect(ran.status, args.join(' ')).toBe(status)
      expect(ran.stderr).toMatch(sentence)
      expect(ran.stderr.trim().split('\n')).toHaveLength(1)
    }),
  )
})
