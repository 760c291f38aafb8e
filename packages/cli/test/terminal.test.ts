import { execFileSync, spawn } from 'node:child_process'
import { join } from 'node:path'
import { createTestIssuer } from '@scitokens/core/testing'
import { expect, onTestFinished, test } from 'vitest'
import { temporaryDirectory } from './support/scitokens.ts'
import { startVo } from './support/vo.ts'

const BIN = join(import.meta.dirname, '../src/bin.ts')

/** script(1) of util-linux gives a command a terminal. */
function hasScript(): boolean {
  try {
    return execFileSync('script', ['--version'], { encoding: 'utf8' }).includes('util-linux')
  } catch {
    return false
  }
}

/** Runs the program on a terminal, until it ends or `enough` has been seen; answers what the person sees. */
function onTerminal(args: readonly string[], env: Record<string, string> = {}, enough?: RegExp): Promise<string> {
  const line = [process.execPath, '--conditions=@scitokens/source', BIN, ...args].map((word) => `'${word}'`).join(' ')
  const home = temporaryDirectory()
  const child = spawn('script', ['-qefc', line, '/dev/null'], {
    env: { PATH: process.env['PATH'], HOME: home, TERM: 'xterm', ...env },
    stdio: ['pipe', 'pipe', 'ignore'],
  })
  onTestFinished(() => void child.kill())
  let seen = ''
  return new Promise((resolve) => {
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      seen += text
      if (enough?.test(seen)) child.kill()
    })
    child.on('close', () => resolve(seen))
  })
}

test.runIf(hasScript())('colours appear on a terminal, but not under NO_COLOR', async () => {
  const issuer = await createTestIssuer()
  const token = await issuer.sign({ aud: 'https://se.example' })
  expect(await onTerminal(['decode', token])).toContain('\u001B[33mNOT VERIFIED\u001B[39m')
  expect(await onTerminal(['decode', token], { NO_COLOR: '1' })).not.toContain('\u001B[33m')
})

test.runIf(hasScript())('a device login shows a QR code to a person, and none with --no-qr', async () => {
  const { url } = await startVo()
  const login = [
    'login',
    url,
    '--client-id',
    'cli',
    '--flow',
    'device',
    '--audience',
    'x',
    '--dangerously-allow-loopback-http',
  ]
  const withCode = await onTerminal(login, {}, /(?:[█▀▄ ]{20,}\r?\n){8}/)
  expect(withCode).toMatch(/enter the code \S+/)
  expect(withCode).toMatch(/[█▀▄]{3}/)
  const without = await onTerminal([...login, '--no-qr'], {}, /enter the code \S+ \(good for/)
  expect(without).not.toMatch(/[█▀▄]/)
})
