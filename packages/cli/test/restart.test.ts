import { needing } from '@scitokens-tests/programs'
import { restartUnderLoad, startServiceManager } from '@scitokens-tests/programs/service-manager'
import { chmodSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { ManagerClient } from '@scitokens/token-manager'
import { expect, vi } from 'vitest'
import { AUDIENCE, bearer, send, startIssuer } from './support/authz-server.ts'
import { temporaryDirectory } from './support/scitokens.ts'

// Starts of the whole program, several in a row.
vi.setConfig({ testTimeout: 240_000 })

const BIN = join(import.meta.dirname, '..', 'src', 'bin.ts')
const scitokens = (...args: readonly string[]): readonly string[] => [
  process.execPath,
  '--conditions=@scitokens/source',
  BIN,
  ...args,
]
const { describe, test } = needing('perl', 'getent')

describe('with its socket held by the service manager', () => {
  test('the authz-server is restarted, with workers, and the server in front is never refused', async () => {
    const directory = temporaryDirectory()
    const issuer = await startIssuer()
    const manager = await startServiceManager({
      where: `unix:${join(directory, 'authz.sock')}`,
      notify: join(directory, 'notify'),
      way: 'descriptor',
      program: scitokens(
        'authz-server',
        '--for',
        'nginx',
        '--listen',
        `unix:${join(directory, 'authz.sock')}`,
        '--workers',
        '2',
        '--issuer',
        issuer.issuer,
        '--audience',
        AUDIENCE,
        '--cache-dir',
        join(directory, 'keys'),
        '--dangerously-allow-loopback-http',
        '--quiet',
      ),
    })
    const ana = await bearer(issuer, 'read:/store')
    const ask = async (): Promise<string> => {
      const { status } = await send(`unix:${join(directory, 'authz.sock')}`, 'GET', '/store/x', ana)
      return String(status)
    }
    const { answers, lost } = await restartUnderLoad(manager, { restarts: 2, clients: 4, ask })
    expect(lost).toEqual([])
    expect(new Set(answers)).toEqual(new Set(['200']))
  })

  test('the authz-server takes no socket that others could replace', async () => {
    const directory = temporaryDirectory()
    const open = join(directory, 'open')
    mkdirSync(open)
    chmodSync(open, 0o777)
    const manager = await startServiceManager({
      where: `unix:${join(open, 'authz.sock')}`,
      notify: join(directory, 'notify'),
      way: 'none',
      program: scitokens('authz-server', '--for', 'nginx', '--issuer', 'https://vo.example', '--audience', AUDIENCE),
    })
    await expect.poll(() => manager.errors().join()).toContain('could answer in place of this server')
  })

  test('the token manager is restarted, and jobs that ask meanwhile wait', async () => {
    const directory = temporaryDirectory()
    chmodSync(directory, 0o755)
    const socket = join(directory, 'manager.sock')
    const manager = await startServiceManager({
      where: `unix:${socket}`,
      notify: join(directory, 'notify'),
      way: 'descriptor',
      program: scitokens('token-manager', 'serve', '--state-dir', join(directory, 'state'), '--socket-dir', directory),
    })
    const ask = async (): Promise<string> => {
      const client = await ManagerClient.open(socket)
      try {
        return JSON.stringify(await client.call('list'))
      } finally {
        client.close()
      }
    }
    const { answers, lost } = await restartUnderLoad(manager, { restarts: 2, clients: 4, ask })
    expect(lost).toEqual([])
    expect(new Set(answers)).toEqual(new Set(['{"logins":[]}']))
  })
})
