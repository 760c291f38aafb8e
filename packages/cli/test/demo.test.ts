import { once } from 'node:events'
import { existsSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { scitokens, startScitokens, temporaryDirectory } from './support/scitokens.ts'
import { freePort } from './support/vo.ts'

describe('scitokens demo', () => {
  it('serves a page and tokens, gives them to the command, and ends on SIGTERM with status 0', async () => {
    const keys = join(temporaryDirectory(), 'keys.json')
    const port = await freePort()
    const issuer = `http://localhost:${port}`
    let output = ''
    const listening = Promise.withResolvers<void>()
    const child = startScitokens(['demo', 'serve', '--port', String(port), '--keys', keys, '--json'], (text) => {
      output += text
      if (output.includes('"listening"')) listening.resolve()
    })
    onTestFinished(() => void child.kill('SIGKILL'))
    const exited = once(child, 'exit')
    await Promise.race([listening.promise, exited])
    expect(output).toContain(`"issuer":"${issuer}"`)
    expect(existsSync(keys)).toBe(true)

    const page = await fetch(`http://127.0.0.1:${port}/`)
    expect(page.headers.get('content-type')).toMatch(/^text\/html/)
    const made = await scitokens(['demo', 'token', '--url', issuer, 'scope=read:/protected', '-s', 'ana'])
    expect([made.status, made.stderr]).toEqual([0, ''])
    const opened = await fetch(`http://127.0.0.1:${port}/protected`, {
      headers: { authorization: `Bearer ${made.stdout.trim()}` },
    })
    expect(opened.status).toBe(200)
    // What this program makes, this program verifies.
    const verified = await scitokens(
      ['verify', '--issuer', issuer, '--audience', issuer, '--dangerously-allow-loopback-http', '--json'],
      { input: made.stdout, env: { XDG_CACHE_HOME: temporaryDirectory() } },
    )
    expect([verified.status, verified.stderr]).toEqual([0, ''])

    const refused = await scitokens([
      'demo',
      'token',
      '--url',
      issuer,
      '-p',
      'at+jwt',
      '--claim-json',
      'a=[[1]]',
      'a=1',
    ])
    expect([refused.status, refused.stderr]).toEqual([2, expect.stringContaining('given twice')])
    child.kill('SIGTERM')
    expect(await exited).toEqual([0, null])
  })

  it('says what is wrong before it listens', async () => {
    const file = join(temporaryDirectory(), 'keys.json')
    writeFileSync(file, 'nonsense')
    for (const [args, message] of [
      [['--issuer', 'http://demo.example'], /http/],
      [['--certificate', file], /together/],
      [['--keys', file], /is not JSON/],
    ] as const) {
      // oxlint-disable-next-line no-await-in-loop -- processes, one after the other
      const ran = await scitokens(['demo', 'serve', ...args])
      expect([ran.status, ran.stderr]).toEqual([2, expect.stringMatching(message)])
    }
  })

  it('keeps its keys for the next start, without being asked; without a home it says that it cannot', async () => {
    const home = temporaryDirectory()
    // An address of no machine: it ends where it would listen, and has its keys by then.
    const serve = (env: Record<string, string>): ReturnType<typeof scitokens> =>
      scitokens(['demo', 'serve', '--host', '192.0.2.1'], { env })
    const [kept, homeless] = await Promise.all([serve({ HOME: home }), serve({ HOME: '/dev/null' })])
    expect([kept.status, homeless.status]).toEqual([2, 2])
    expect(statSync(join(home, '.local/share/scitokens/demo-keys.json')).mode & 0o777).toBe(0o600)
    expect(kept.stderr).not.toContain('no place')
    expect(homeless.stderr).toContain('no place to keep its keys')
  })

  it('a generator that is not there is no answer: status 3', async () => {
    const ran = await scitokens(['demo', 'token', '--url', 'http://127.0.0.1:1', 'scope=read:/'])
    expect([ran.status, ran.stderr]).toEqual([3, expect.stringContaining('cannot be reached')])
  })
})
