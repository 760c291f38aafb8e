import type { ChildProcess } from '@scitokens-tests/programs/processes'
import { once } from 'node:events'
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { runHere } from './support/in-process.ts'
import { startScitokens, temporaryDirectory } from './support/scitokens.ts'
import { freePort, Person } from './support/vo.ts'

const LOOPBACK = '--dangerously-allow-loopback-http'

async function init(): Promise<{ directory: string; config: string; issuer: string }> {
  const directory = join(temporaryDirectory(), 'vo')
  const issuer = `http://127.0.0.1:${await freePort()}`
  const made = await runHere(['issuer', 'init', directory, '--issuer', issuer, LOOPBACK])
  expect(made.status, made.stderr).toBe(0)
  const config = join(directory, 'issuer.yaml')
  // Another issuer of this machine may hold the usual port.
  writeFileSync(config, readFileSync(config, 'utf8').replace('port: 9464', 'port: 0'))
  return { directory, config, issuer }
}

/** Starts `issuer serve` and waits until it listens. */
async function serve(config: string): Promise<{ child: ChildProcess; output: () => string }> {
  let output = ''
  let listening: () => void
  const ready = new Promise<void>((resolve) => {
    listening = resolve
  })
  const child = startScitokens(['issuer', 'serve', config, '--json'], (text) => {
    output += text
    if (output.includes('"listening"')) listening()
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  const ended = once(child, 'exit').then(() => {
    throw new Error(`issuer serve ended: ${output}`)
  })
  await Promise.race([ready, ended])
  ended.catch(() => {})
  return { child, output: () => output }
}

describe('scitokens issuer', () => {
  it('goes from nothing to tokens in three commands, and ends on SIGTERM with status 0', async () => {
    const { directory, config, issuer } = await init()
    expect((await runHere(['issuer', 'check', config])).stdout).toBe(`${config} is good: ${issuer}\n`)
    expect(existsSync(join(directory, 'issuer.sqlite'))).toBe(false)

    const { child, output } = await serve(config)
    const secret = readFileSync(join(directory, 'secrets/robot'), 'utf8').trim()
    const answer = await fetch(`${issuer}/token`, {
      method: 'POST',
      headers: { authorization: `Basic ${btoa(`robot:${secret}`)}` },
      body: new URLSearchParams({ grant_type: 'client_credentials', scope: 'read:/store/a' }),
    })
    expect(await answer.json()).toMatchObject({ scope: 'read:/store/a', token_type: 'Bearer' })
    expect(readFileSync(join(directory, 'audit.jsonl'), 'utf8')).toContain('"token_issued"')
    child.kill('SIGTERM')
    expect(await once(child, 'exit')).toEqual([0, null])
    expect(output()).not.toContain(secret)
  })

  it('keeps keys, secrets and the audit from other users', async () => {
    const { directory, config } = await init()
    const { child } = await serve(config)
    for (const name of ['secrets/robot', 'issuer.yaml', 'issuer.key', 'issuer.sqlite', 'audit.jsonl']) {
      expect(statSync(join(directory, name)).mode & 0o077, name).toBe(0)
    }
    child.kill('SIGTERM')
    await once(child, 'exit')
  })

  it('never replaces what is there', async () => {
    const { directory, issuer } = await init()
    const secret = readFileSync(join(directory, 'secrets/robot'), 'utf8')
    const again = await runHere(['issuer', 'init', directory, '--issuer', issuer, LOOPBACK])
    expect(again.status).toBe(2)
    expect(again.stderr).toMatch(/exists already and is kept/)
    expect(readFileSync(join(directory, 'secrets/robot'), 'utf8')).toBe(secret)
  })

  it('names file, line and key of a mistake before anything listens', async () => {
    const { config } = await init()
    writeFileSync(config, `${readFileSync(config, 'utf8')}lifetme: 60\n`)
    const lines = readFileSync(config, 'utf8').trimEnd().split('\n').length
    for (const command of ['check', 'serve']) {
      const refused = await runHere(['issuer', command, config])
      expect(refused.status).toBe(2)
      expect(refused.stderr).toBe(
        `scitokens: ${config}:${lines}: lifetme: is not a key of this configuration: did you mean lifetime?\n`,
      )
    }
  })
})

describe('scitokens issuer serve on SIGHUP', () => {
  /** Resolves once the output has the text for the `times`-th time. */
  const said = async (output: () => string, text: string, times: number): Promise<void> => {
    await expect.poll(() => output().split(text).length - 1, { timeout: 60_000, interval: 20 }).toBe(times)
  }
  const ask = async (issuer: string, secret: string, scope: string): Promise<unknown> => {
    const answer = await fetch(`${issuer}/token`, {
      method: 'POST',
      headers: { authorization: `Basic ${btoa(`robot:${secret}`)}` },
      body: new URLSearchParams({ grant_type: 'client_credentials', scope }),
    })
    const body = (await answer.json()) as { scope?: string; error?: string }
    return body.scope ?? body.error
  }

  it('follows the file without a restart, and stays as it was where the file has a mistake', async () => {
    const { directory, config, issuer } = await init()
    const { child, output } = await serve(config)
    const secret = readFileSync(join(directory, 'secrets/robot'), 'utf8').trim()
    const before = readFileSync(config, 'utf8')
    expect(await ask(issuer, secret, 'read:/new')).toBe('invalid_scope')

    writeFileSync(config, before.replace('read:/store', 'read:/new'))
    child.kill('SIGHUP')
    await said(output, '"reloaded"', 1)
    expect(await ask(issuer, secret, 'read:/new')).toBe('read:/new')

    writeFileSync(config, `${before}lifetme: 60\n`)
    child.kill('SIGHUP')
    await said(output, '"reloaded"', 2)
    const line = before.split('\n').length
    expect(output()).toContain(`all stays as it was: ${config}:${line}: lifetme: is not a key of this configuration`)
    expect(await ask(issuer, secret, 'read:/new')).toBe('read:/new')

    writeFileSync(config, before.replace('listen:', 'listen:\n  trustedProxies: [127.0.0.1]'))
    child.kill('SIGHUP')
    await said(output, '"reloaded"', 3)
    expect(output()).toContain('only a restart takes over listen.trustedProxies')
    expect(await ask(issuer, secret, 'read:/new')).toBe('invalid_scope')
    child.kill('SIGTERM')
    expect(await once(child, 'exit')).toEqual([0, null])
  })
})

describe('scitokens issuer policy test', () => {
  it('explains what a client would get, without a server', async () => {
    const { directory, config } = await init()
    const ask = (scope: string) =>
      runHere(['issuer', 'policy', 'test', '--config', config, '--client', 'robot', '--scope', scope, '--json'])
    const yes = await ask('write:/store/user/robot/results')
    expect(yes.status, yes.stderr).toBe(0)
    expect(yes.json()).toMatchObject({ allowed: true, scope: 'write:/store/user/robot/results' })
    const no = await ask('write:/store/user/ana')
    expect(no.status).toBe(1)
    expect(no.json()).toMatchObject({ allowed: false, error: 'invalid_scope' })
    expect(existsSync(join(directory, 'issuer.sqlite'))).toBe(false)
  })

  it('says so where the client is not known', async () => {
    const { config } = await init()
    const unknown = await runHere(['issuer', 'policy', 'test', '--config', config, '--client', 'nobody'])
    expect(unknown.status).toBe(1)
    expect(unknown.stdout).toContain('no: invalid_client: there is no client "nobody"')
  })
})

describe('scitokens issuer key', () => {
  interface Keys {
    keys: { kid: string; state: string }[]
  }
  const key = async (config: string, name: string): Promise<Keys> => {
    const ran = await runHere(['issuer', 'key', name, '--config', config, '--json'])
    expect(ran.status, ran.stderr).toBe(0)
    return ran.json<Keys>()
  }

  it('publishes the next key ahead, and replaces a stolen one at once', async () => {
    const { config } = await init()
    const [first] = (await key(config, 'list')).keys
    expect(first!.state).toBe('active')
    const prepared = (await key(config, 'prepare')).keys
    expect(prepared.map(({ state }) => state)).toEqual(['active', 'next'])
    const rotated = (await key(config, 'rotate-now')).keys
    expect(rotated.find(({ kid }) => kid === first!.kid)!.state).toBe('withdrawn')
    expect(rotated.filter(({ state }) => state === 'active')).toHaveLength(1)
  })
})

describe('scitokens issuer client', () => {
  it('adds a client that a running issuer serves at once, and tells its secret only once', async () => {
    const { directory, config, issuer } = await init()
    const { child, output } = await serve(config)
    const client = (...args: string[]) => runHere(['issuer', 'client', ...args, '--config', config])
    const secretFile = join(directory, 'harvester.secret')
    const properties = '--scope read:/data --audience https://se.example.org --grant client_credentials'.split(' ')
    const made = await client('add', 'harvester', ...properties, '--secret-file', secretFile)
    expect(made.status, made.stderr).toBe(0)
    expect(statSync(secretFile).mode & 0o077).toBe(0)
    const secret = readFileSync(secretFile, 'utf8').trim()
    expect(made.stdout).not.toContain(secret)
    const answer = await fetch(`${issuer}/token`, {
      method: 'POST',
      headers: { authorization: `Basic ${btoa(`harvester:${secret}`)}` },
      body: new URLSearchParams({ grant_type: 'client_credentials' }),
    })
    expect(await answer.json()).toMatchObject({ scope: 'read:/data' })

    const listed = await client('list')
    expect(listed.stdout).toMatch(/^harvester +store +secret +client_credentials +read:\/data$/m)
    expect(listed.stdout).toMatch(/^robot +configuration /m)
    const shown = await client('secret', 'harvester', '--keep-old', '1d')
    expect(shown.stdout).toMatch(/secret \(it is not shown again\): [\w-]{43}\n$/)
    const again = await client('secret', 'harvester', '--secret-file', secretFile)
    expect([again.status, again.stderr]).toEqual([2, `scitokens: ${secretFile} exists already and is kept\n`])
    const policy = ['issuer', 'policy', 'test', '--config', config, '--client', 'harvester', '--stored']
    expect((await runHere(policy)).stdout).toContain('yes: read:/data')
    child.kill('SIGTERM')
    await once(child, 'exit')
    expect(output()).not.toContain(secret)

    const found = await runHere(['issuer', 'audit', '--config', config, '--client', 'harvester'])
    expect(found.stdout.split('\n').map((line) => line.split(' ')[1])).toEqual([
      'client_registered',
      'token_issued',
      'client_changed',
      undefined,
    ])
    const issued = await runHere(['issuer', 'audit', '--config', config, '--allows', 'read:/data/a', '--json'])
    expect(JSON.parse(issued.stdout)).toMatchObject({ event: 'token_issued', client: 'harvester' })
    await client('update', 'harvester', '--scope', 'read:/other', '--unset', 'audiences')
    expect((await client('show', 'harvester', '--json')).json()).toMatchObject({
      scopes: ['read:/other'],
      audiences: [],
    })
    const wrong = await client('update', 'harvester', '--from', config)
    expect([wrong.status, wrong.stderr]).toEqual([2, `scitokens: ${config} is not JSON\n`])
    expect((await client('remove', 'harvester')).stdout).toBe('removed harvester\n')
    expect((await client('show', 'harvester')).status).toBe(2)
    const none = await runHere(['issuer', 'audit', '--config', config, '--since', '2999-01-01'])
    expect([none.status, none.stdout]).toEqual([1, ''])
  })
})

describe('scitokens issuer login and person', () => {
  const DEVICE = 'urn:ietf:params:oauth:grant-type:device_code'

  /** A running issuer, in a process of its own, where people log in; and its operator, in this one. */
  async function start() {
    const { config, issuer } = await init()
    writeFileSync(config, `${readFileSync(config, 'utf8')}\nlogin: { development: true }\n`)
    const properties = '--public --grant device --grant refresh --scope read:/data --audience https://se.example.org'
    expect(
      (await runHere(['issuer', 'client', 'add', 'portal', '--config', config, ...properties.split(' ')])).status,
    ).toBe(0)
    await serve(config)
    const post = async (path: string, form: Record<string, string>) => {
      const body = new URLSearchParams({ client_id: 'portal', ...form })
      return (await (await fetch(`${issuer}${path}`, { method: 'POST', body })).json()) as Record<string, string>
    }
    const login = async (subject: string) => {
      const begun = await post('/device_authorization', {})
      const page = await new Person(subject).agree(begun['verification_uri_complete']!)
      const answer = await post('/token', { grant_type: DEVICE, device_code: begun['device_code']! })
      return { page, refreshToken: answer['refresh_token']! }
    }
    const refresh = async (token: string): Promise<string> => {
      const answer = await post('/token', { grant_type: 'refresh_token', refresh_token: token })
      return answer['error'] ?? 'a new token'
    }
    const run = (...args: string[]) => runHere(['issuer', ...args, '--config', config])
    return { config, login, refresh, run }
  }

  it('list what goes on and end it at once in the running issuer: by person, by client, one by one', async () => {
    const { login, refresh, run } = await start()
    const [ana, eve, ben] = [await login('ana'), await login('eve'), await login('ben')]
    const listed = await run('login', 'list')
    expect(listed.stdout).toMatch(/^FAMILY +SUBJECT +CLIENT +BY +SINCE +LAST USED +MAY\n/)
    expect(listed.stdout).toMatch(/^[\w-]{22} +ana +portal +device +\S+ +\S+ +read:\/data$/m)
    expect(listed.stdout).not.toContain(ana.refreshToken)
    const [one] = (await run('login', 'list', '--subject', 'ben', '--json')).json<{ logins: { family: string }[] }>()
      .logins

    expect((await run('login', 'end', '--subject', 'ana')).stdout).toBe(
      'ended 1 login that went on, and whatever was under way\n',
    )
    expect(await refresh(ana.refreshToken)).toBe('invalid_grant')
    expect((await run('login', 'end', '--family', one!.family, '--json')).json()).toEqual({
      ok: true,
      family: one!.family,
      families: [one!.family],
    })
    expect(await refresh(ben.refreshToken)).toBe('invalid_grant')
    expect(await refresh(eve.refreshToken)).toBe('a new token')
    await run('login', 'end', '--client', 'portal')
    expect((await run('login', 'list')).stdout).toBe('no login goes on\n')
    const audit = (await run('audit', '--event', 'logins_ended')).stdout
    expect(audit.match(/(subject|family|client)=/g)).toEqual(['subject=', 'family=', 'client='])
  })

  it('keep a person out of the running issuer and let him in again', async () => {
    const { login, refresh, run } = await start()
    const { refreshToken } = await login('ana')
    expect((await run('person', 'suspend', 'ana', '--reason', 'incident 7')).stdout).toBe('suspended ana\n')
    expect(await refresh(refreshToken)).toBe('invalid_grant')
    expect((await login('ana')).page).toContain('Your access has been suspended.')
    expect((await run('person', 'list', '--suspended')).stdout).toMatch(/^ana +\S+ +\S+ +incident 7$/m)
    expect((await run('person', 'resume', 'ana')).stdout).toBe('ana may log in again\n')
    expect(await refresh(refreshToken)).toBe('a new token')
    const ended = await run('person', 'suspend', 'ana', '--end-logins')
    expect(ended.stdout).toBe('suspended ana, and ended all logins\n')
    await run('person', 'resume', 'ana')
    expect(await refresh(refreshToken)).toBe('invalid_grant')
    expect((await login('ana')).refreshToken).toMatch(/^rt\./)
    expect((await run('person', 'list', '--suspended')).stdout).toBe('nobody\n')
    expect((await run('person', 'list')).stdout).toMatch(/^ana /m)
    expect((await run('audit', '--subject', 'ana', '--outcome', 'refused')).stdout).toContain('login_refused')
  })

  it('say what is wrong, and end nothing by mistake', async () => {
    const { config } = await init()
    const run = (...args: string[]) => runHere(['issuer', ...args, '--config', config])
    for (const args of [[], ['--subject', 'ana', '--client', 'robot']]) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      const ran = await run('login', 'end', ...args)
      expect([ran.status, ran.stderr]).toEqual([
        2,
        'scitokens: say which logins are to end, by one of --subject, --client and --family\n',
      ])
    }
    expect((await run('login', 'end', '--family', 'none')).stderr).toContain('there is no login "none" that goes on')
    expect((await run('person', 'resume', 'ana')).stderr).toContain('"ana" is not suspended')
    expect((await run('person', 'suspend', 'robot')).stderr).toContain('"robot" is the subject of a client')
  })

  it('a client that was removed and added again inherits nothing', async () => {
    const { config, login, refresh, run } = await start()
    const { refreshToken } = await login('ana')
    expect((await run('client', 'remove', 'portal')).status).toBe(0)
    const properties = '--public --grant device --grant refresh --scope read:/data --audience https://se.example.org'
    expect(
      (await runHere(['issuer', 'client', 'add', 'portal', '--config', config, ...properties.split(' ')])).status,
    ).toBe(0)
    expect(await refresh(refreshToken)).toBe('invalid_grant')
    expect(await refresh((await login('ana')).refreshToken)).toBe('a new token')
  })
})

describe('scitokens issuer audit', () => {
  it('shows what happens, until it is ended', async () => {
    const { config } = await init()
    const ending = new AbortController()
    let seen = ''
    // There is no audit yet.
    const tail = runHere(['issuer', 'audit', '--config', config, '--tail', '--client', 'tailed', '--since', '1d'], {
      signal: ending.signal,
      onOutput: (stdout) => (seen = stdout),
    })
    await runHere(['issuer', 'client', 'add', 'tailed', '--config', config])
    await expect.poll(() => seen, { timeout: 60_000 }).toContain('client_registered')
    await runHere(['issuer', 'client', 'remove', 'tailed', '--config', config])
    await expect.poll(() => seen, { timeout: 60_000 }).toContain('client_removed')
    ending.abort()
    expect((await tail).status).toBe(0)
  })

  it('needs to know where the audit is, and a time that is one', async () => {
    const nowhere = await runHere(['issuer', 'audit'])
    expect([nowhere.status, nowhere.stderr]).toEqual([2, 'scitokens: say where the audit is: --config or --file\n'])
    const { config } = await init()
    writeFileSync(config, readFileSync(config, 'utf8').replace(/^audit:\n.*\n/m, ''))
    expect((await runHere(['issuer', 'audit', '--config', config])).stderr).toContain('the audit goes to the log')
    for (const time of ['yesterday', '2026-13-01', '25', '2026-11-22T10']) {
      expect((await runHere(['issuer', 'audit', '--file', 'x', '--since', time])).status, time).toBe(2)
    }
  })
})

describe('scitokens issuer backup', () => {
  it('copies the database, once', async () => {
    const { directory, config } = await init()
    await runHere(['issuer', 'client', 'add', 'kept', '--config', config])
    const copy = join(directory, 'copy.sqlite')
    expect((await runHere(['issuer', 'backup', copy, '--config', config])).stdout).toContain(`to ${copy}`)
    expect((await runHere(['issuer', 'backup', copy, '--config', config])).status).toBe(2)
  })
})
