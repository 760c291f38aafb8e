import { needs } from '@scitokens-tests/programs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createTestIssuer } from '@scitokens/core/testing'
import { expect, onTestFinished, test } from 'vitest'
import { scitokens, temporaryDirectory } from './support/scitokens.ts'
import { TERMINAL, PROGRAM, Terminal } from './support/terminal.ts'
import { startVo } from './support/vo.ts'

/** The program on a terminal, in a home of its own. */
function onTerminal(args: readonly string[], env: Record<string, string> = {}): Terminal {
  return new Terminal([...PROGRAM, ...args], { env: { HOME: temporaryDirectory(), ...env } })
}

test('colours appear on a terminal, but not under NO_COLOR or on a dumb one', needs(...TERMINAL), async () => {
  const issuer = await createTestIssuer()
  const token = await issuer.sign({ aud: 'https://se.example' })
  const [coloured, ...plain] = [{}, { NO_COLOR: '1' }, { TERM: 'dumb' }].map((env) =>
    onTerminal(['decode', token], env),
  )
  await Promise.all([coloured!, ...plain].map(({ ended }) => ended))
  expect(coloured!.seen).toContain('\u001B[33mNOT VERIFIED\u001B[39m')
  for (const { seen } of plain) {
    expect(seen).toContain('NOT VERIFIED')
    expect(seen).not.toContain('\u001B[33m')
  }
})

test('a device login shows a QR code to a person, and none with --no-qr', needs(...TERMINAL), async () => {
  const { url } = await startVo()
  const login = ['login', url, '--client-id', 'cli', '--flow', 'device', '--audience', 'x']
  const withCode = onTerminal([...login, '--dangerously-allow-loopback-http'])
  await withCode.waitFor(/(?:[█▀▄ ]{20,}\r?\n){8}/)
  expect(withCode.seen).toMatch(/enter the code \S+/)
  const without = onTerminal([...login, '--no-qr', '--dangerously-allow-loopback-http'])
  await without.waitFor(/enter the code \S+ \(good for/)
  expect(without.seen).not.toMatch(/[█▀▄]/)
})

/** An issuer that answers when it is let. */
async function slowIssuer(): Promise<{ url: string; asked: Promise<void>; answer: () => void }> {
  let answer = (): void => {}
  let wasAsked = (): void => {}
  const let_ = new Promise<void>((resolve) => (answer = resolve))
  const asked = new Promise<void>((resolve) => (wasAsked = resolve))
  const server = createServer((_, response) => {
    wasAsked()
    void let_.then(() => response.writeHead(404).end())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked, answer }
}

test('whoever waits longer than a second is told for what, and the line goes away', needs(...TERMINAL), async () => {
  const issuer = await slowIssuer()
  const terminal = onTerminal(['keycache', 'add', issuer.url, '--dangerously-allow-loopback-http'])
  const line = `\r\u001B[Kasking ${issuer.url} for keys … `
  await terminal.waitFor(`${line}1 s`)
  await terminal.waitFor(`${line}2 s`)
  issuer.answer()
  expect(await terminal.ended).toBe(3)
  // The last of it is that the line is cleared; then comes the result.
  expect(terminal.seen.split(line).at(-1)).toMatch(/^\d s\r.\[K.*scitokens:/)
})

test('where there is no terminal, nothing is told but the result', async () => {
  const issuer = await slowIssuer()
  const home = temporaryDirectory()
  const running = scitokens(['keycache', 'add', issuer.url, '--dangerously-allow-loopback-http'], {
    env: { HOME: home },
  })
  await issuer.asked
  // Longer than the second after which a terminal is told.
  await new Promise((resolve) => setTimeout(resolve, 1200))
  issuer.answer()
  const { stderr } = await running
  expect(stderr).toMatch(/^scitokens: .*\n$/)
  expect(stderr).not.toContain('…')
})
