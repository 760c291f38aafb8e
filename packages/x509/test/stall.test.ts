import { once } from 'node:events'
import { X509Certificate } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { createServer, request } from 'node:https'
import type { AddressInfo } from 'node:net'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { connect, createSecureContext, type SecureContext } from 'node:tls'
import { openVerifier } from '@scitokens/x509'
import { expect, onTestFinished, test, vi } from 'vitest'
import { answering } from './answering.ts'
import { issue, keyUsage, newKeys, NOW, type Party, pem, proxyInfo, spec } from '../src/testing/pki.ts'
import { build, lay, scenario, temporaryDirectory } from './scenario.ts'

const ROUNDS = 8

/** A server that asks for certificates, on a port of its own. */
async function serve(): Promise<{ port: number; ana: SecureContext }> {
  const made = scenario({ intermediates: 1, proxies: 1, attributes: false })
  const { authorities, chain } = build(made)
  const { certificates } = lay(made, authorities, temporaryDirectory())
  const verifier = await openVerifier({ authorities: certificates })
  const own = issue(spec('/CN=localhost', []), undefined)
  const asks = { ...credentials([own]), requestCert: true, rejectUnauthorized: false }
  const server = createServer(asks, answering(verifier, NOW)).listen(0, '127.0.0.1')
  onTestFinished(() => server.close().closeAllConnections())
  await once(server, 'listening')
  return { port: (server.address() as AddressInfo).port, ana: createSecureContext(credentials(chain)) }
}

function credentials(chain: readonly Party[]): { cert: string; key: string } {
  const { privateKey } = chain[0]!.spec.keys
  return {
    cert: chain.map(({ der }) => pem(der)).join(''),
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
  }
}

/** Asks over a new connection who one is. */
async function ask(port: number, secureContext: SecureContext): Promise<number> {
  const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false, secureContext })
  await once(socket, 'secureConnect')
  const sent = request({
    createConnection: () => socket,
    headers: { connection: 'close' },
  })
  sent.end()
  const [response] = (await once(sent, 'response')) as [IncomingMessage]
  await response.toArray()
  return response.statusCode!
}

/**
 * Sixteen proxies of one name. Each is issued by one that is sent before it, by a key of a curve that is dear to use: whoever looks for the
 * issuers without asking for names, strength and trust first checks 120 signatures, of three milliseconds each.
 */
function attack(name: string): Party[] {
  const extensions = [keyUsage('digitalSignature'), proxyInfo()]
  const chain: Party[] = [issue(spec(name, extensions, { keys: newKeys('sect571r1') }), undefined)]
  for (let index = 1; index < 16; index++) {
    const keys = newKeys(index === 15 ? 'prime256v1' : 'sect571r1')
    chain.push(issue(spec(name, extensions, { keys }), chain.at(-1)))
  }
  return [chain.pop()!, ...chain]
}

/** The longest that the event loop was kept during a round, in the best of several: what the work costs and not what others do here. */
async function longestDelay(round: () => Promise<unknown>): Promise<number> {
  const delay = monitorEventLoopDelay({ resolution: 1 })
  const delays: number[] = []
  for (let index = 0; index < ROUNDS; index++) {
    delay.reset()
    delay.enable()
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    await round()
    delay.disable()
    delays.push(delay.max)
  }
  return Math.min(...delays)
}

test('a chain that a stranger made keeps the event loop no longer than a chain that is good, and costs no signature check', async () => {
  const { port, ana } = await serve()
  // Others each time: what was read once is remembered.
  const strangers = Array.from({ length: ROUNDS }, (_, at) => createSecureContext(credentials(attack(`/CN=${at}`))))
  expect(await ask(port, ana)).toBe(200)
  const quiet = await longestDelay(() => ask(port, ana))
  const checks = vi.spyOn(X509Certificate.prototype, 'verify')
  onTestFinished(() => checks.mockRestore())
  const attacked = await longestDelay(async () => expect(await ask(port, strangers.pop()!)).toBe(401))
  expect(checks).not.toHaveBeenCalled()
  // It was a hundred times as long. Ten is for what else TLS does with sixteen certificates.
  expect(attacked / quiet, `${attacked / 1e6} ms, otherwise ${quiet / 1e6} ms`).toBeLessThan(10)
})

test('what the certificates of a connection cost, they cost once, however many requests it brings', async () => {
  const { port, ana } = await serve()
  const checks = vi.spyOn(X509Certificate.prototype, 'verify')
  onTestFinished(() => checks.mockRestore())
  const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false, secureContext: ana })
  await once(socket, 'secureConnect')
  onTestFinished(() => void socket.destroy())
  const counts: number[] = []
  for (let index = 0; index < 4; index++) {
    socket.write('GET / HTTP/1.1\r\nhost: localhost\r\n\r\n')
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    const [reply] = (await once(socket, 'data')) as [Buffer]
    expect(reply.toString('latin1')).toMatch(/^HTTP\/1\.1 200 /)
    counts.push(checks.mock.calls.length)
  }
  expect(counts[0]).toBeGreaterThan(0)
  expect(new Set(counts).size).toBe(1)
})
