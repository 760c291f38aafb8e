import { existsSync } from 'node:fs'
import { createTestIssuer } from '@scitokens/core/testing'
import { describe, expect, test, vi } from 'vitest'
import { scitokens, temporaryDirectory } from './support/scitokens.ts'

vi.setConfig({ testTimeout: 120_000 })

// Below /proc, and in an automounter's directory, no directory can be made: `mkdir` with `recursive` tries again for ever, deaf to SIGTERM.
describe.runIf(existsSync('/proc/self'))('where no directory can be made', () => {
  test('verify keeps keys in memory, says so once, and answers', async () => {
    const vo = await createTestIssuer({ issuer: 'https://localhost:1' })
    const token = await vo.sign({ aud: 'https://storage.example', scope: 'read:/store' })
    const { status, stderr } = await scitokens(
      ['verify', '--issuer', vo.issuer, '--audience', 'https://storage.example', token],
      { env: { XDG_CACHE_HOME: '/proc' } },
    )
    expect(status).toBe(3)
    expect(stderr).toContain('the directory "/proc/scitokens" cannot be made: nothing can be made there (ENOENT)')
    expect(stderr).toContain('keys are kept in memory')
  })

  test.each([
    ['issuer init', ['issuer', 'init', '/proc/issuer', '--issuer', 'https://vo.example'], '/proc/issuer'],
    ['keycache add', ['keycache', 'add', 'https://localhost:1', '--cache-dir', '/proc/a/b'], '/proc/a'],
    ['logins', ['logins', '--state-dir', '/proc/state'], '/proc/state'],
    [
      'token-manager serve',
      ['token-manager', 'serve', '--state-dir', '/proc/state', '--socket-dir', '/proc/run'],
      '/proc',
    ],
  ])('%s ends with a sentence', async (_, args, directory) => {
    const { status, stderr } = await scitokens(args, { cwd: temporaryDirectory() })
    expect(status).not.toBe(0)
    expect(stderr).toContain(directory)
    expect(stderr).toMatch(/cannot be (made|made or read)\b/)
  })

  test('demo serve keeps its keys in memory', async () => {
    const { stderr } = await scitokens(['demo', 'serve', '--issuer', 'https://localhost:1', '--host', '192.0.2.1'], {
      env: { XDG_DATA_HOME: '/proc' },
    })
    expect(stderr).toContain('there is no place to keep its keys')
  })
})
