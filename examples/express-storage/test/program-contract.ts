import { spawn, spawnSync } from '@scitokens-tests/programs/processes'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createTestIssuer } from '@scitokens/core/testing'
import { afterEach, beforeEach, expect, it } from 'vitest'

const AUDIENCE = 'https://data.example'

/** What the program of a storage service must do: `node src/main.ts`, whatever the framework. */
export function describeStorageProgram(main: string): void {
  // Node 22 says of its SQLite that it is experimental, whatever a program does.
  const command = ['--conditions=@scitokens/source', '--disable-warning=ExperimentalWarning', main]
  let directory: string
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'storage-main-'))
  })
  afterEach(() => rm(directory, { recursive: true, force: true }))

  it('serves files to tokens of an issuer whose keys it fetches, logs decisions, and ends in order', async () => {
    const front = createServer().listen(0, '127.0.0.1')
    await once(front, 'listening')
    const url = `http://127.0.0.1:${(front.address() as AddressInfo).port}`
    const issuer = await createTestIssuer({ issuer: url })
    front.on('request', (request, response) => {
      const document = request.url === '/jwks' ? issuer.jwks : { issuer: url, jwks_uri: `${url}/jwks` }
      response.setHeader('content-type', 'application/json').end(JSON.stringify(document))
    })
    const child = spawn(process.execPath, [
      ...command,
      '--loopback',
      `--root=${join(directory, 'files')}`,
      `--issuer=${url}`,
      `--audience=${AUDIENCE}`,
      `--cache-dir=${join(directory, 'keys')}`,
      '--port=0',
    ])
    try {
      let output = ''
      child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text))
      child.stderr.setEncoding('utf8').on('data', (text: string) => (output += text))
      await expect.poll(() => output).toMatch(/serving http:\/\/\S+\n/)
      const service = /serving (\S+)/.exec(output)![1]!
      const headers = { authorization: `Bearer ${await issuer.sign({ scope: 'read:/ana write:/ana', aud: AUDIENCE })}` }
      expect((await fetch(`${service}/ana/x`, { method: 'PUT', headers, body: 'hello' })).status).toBe(201)
      expect(await (await fetch(`${service}/ana/x`, { headers })).text()).toBe('hello')
      expect((await fetch(`${service}/ben/x`, { headers })).status).toBe(403)
      await expect.poll(() => output).toMatch(/"path":"\/ben\/x".*"code":"scope_denied"/)
      expect(output).not.toContain(headers.authorization)
      // Some clients put the token into the URL.
      const token = headers.authorization.slice('Bearer '.length)
      expect((await fetch(`${service}/in-query?authz=Bearer%20${token}`)).status).toBe(401)
      expect((await fetch(`${service}/ana/${token}`, { headers })).status).toBe(403) // the name is too long
      expect((await fetch(`${service}/ben/${token}`, { headers })).status).toBe(403)
      await expect.poll(() => output).toMatch(/"path":"\/ben\/\[redacted\]"/)
      expect(output).toContain('"path":"/in-query"')
      expect(output).not.toContain(token.split('.')[2])
      child.kill('SIGTERM')
      expect(await once(child, 'close')).toEqual([0, null])
    } finally {
      child.kill('SIGKILL')
      front.closeAllConnections()
      front.close()
    }
  }, 180_000)

  it('says in one sentence what is missing or wrong', async () => {
    const run = (...args: string[]) => spawnSync(process.execPath, [...command, ...args], { encoding: 'utf8' })
    expect(run()).toMatchObject({
      status: 1,
      stderr: expect.stringMatching(/^--root, --issuer and --audience are needed\n/),
    })
    const root = ['--root', join(directory, 'files'), '--audience', AUDIENCE]
    expect(run(...root, '--issuer', 'http://vo.example')).toMatchObject({
      status: 1,
      stderr: expect.stringMatching(/^.*https.*\n$/),
    })
    await writeFile(join(directory, 'file'), '')
    expect(
      run('--root', join(directory, 'file'), '--issuer', 'https://vo.example', '--audience', AUDIENCE),
    ).toMatchObject({
      status: 1,
      stderr: expect.stringMatching(/^EEXIST.*\n$/),
    })
    const busy = createServer().listen(0, '127.0.0.1')
    await once(busy, 'listening')
    const port = String((busy.address() as AddressInfo).port)
    const answer = await new Promise<{ status: number; stderr: string }>((resolve) => {
      const child = spawn(process.execPath, [...command, ...root, '--issuer', 'https://vo.example', '--port', port])
      let stderr = ''
      child.stderr.on('data', (text: Buffer) => (stderr += text.toString()))
      child.on('close', (status) => resolve({ status: status!, stderr }))
    })
    busy.close()
    expect(answer).toEqual({ status: 1, stderr: expect.stringMatching(/^listen EADDRINUSE.*\n$/) })
  }, 180_000)
}
