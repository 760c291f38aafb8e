import { silentLogger } from '@scitokens/core/internal'
import { needing } from '@scitokens-tests/programs'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { connect, type ConnectionOptions, createServer, getCiphers, type TLSSocket } from 'node:tls'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { openDemo } from '@scitokens/token-generator'
import { expect, onTestFinished } from 'vitest'
import { serveIssuer } from '../../src/serve.ts'
import { selfSigned } from '../self-signed.ts'
import { freePort, ROBOT, SECRET, temporaryDirectory } from '../served.ts'

const { describe, test } = needing('openssl')

/** The suites of TLS 1.2 that RFC 9325 section 4.2 recommends, and ChaCha20 (RFC 7905): forward secrecy and authenticated encryption. */
const MODERN = /^ecdhe-(?:ecdsa|rsa)-(?:aes(?:128|256)-gcm-sha(?:256|384)|chacha20-poly1305)$/

/** What a client gets that offers this and nothing else. */
async function handshake(port: number, offer: ConnectionOptions): Promise<string | undefined> {
  let socket: TLSSocket | undefined
  try {
    socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false, ...offer })
    await once(socket, 'secureConnect')
    return `${socket.getProtocol()} ${socket.getCipher().name}`
  } catch {
    return undefined
  } finally {
    socket?.destroy()
  }
}

/** The suites of TLS 1.2 that a server takes, of all that this Node knows, the weakest included. */
async function suitesOf(port: number): Promise<string[]> {
  const suites = getCiphers().filter((name) => !name.startsWith('tls_'))
  const answers = await Promise.all(
    suites.map((name) =>
      handshake(port, { ciphers: `${name.toUpperCase()}:@SECLEVEL=0`, maxVersion: 'TLSv1.2', minVersion: 'TLSv1' }),
    ),
  )
  return suites.filter((_, index) => answers[index] !== undefined)
}

async function expectModern(port: number, kind: 'ecdsa' | 'rsa'): Promise<void> {
  const suites = await suitesOf(port)
  expect(suites.length).toBeGreaterThanOrEqual(3)
  expect(suites.filter((name) => !MODERN.test(name) || !name.includes(kind))).toEqual([])
  for (const version of ['TLSv1', 'TLSv1.1'] as const) {
    const ciphers = 'ALL:@SECLEVEL=0'
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    expect(await handshake(port, { ciphers, minVersion: version, maxVersion: version })).toBeUndefined()
  }
  expect(await handshake(port, {})).toMatch(/^TLSv1\.3 TLS_/)
}

test('the measure sees what is weak: a server as Node makes it takes CBC and static RSA', async () => {
  const { certificate: cert, key } = selfSigned(await temporaryDirectory(), 'rsa')
  const server = createServer({ cert, key }).listen(0, '127.0.0.1')
  onTestFinished(() => void server.close())
  server.on('tlsClientError', () => {})
  await once(server, 'listening')
  const suites = await suitesOf((server.address() as AddressInfo).port)
  expect(suites).toContain('aes128-sha')
  expect(suites).toContain('ecdhe-rsa-aes128-sha')
})

describe('TLS is 1.3, or 1.2 with forward secrecy and authenticated encryption', () => {
  test.each(['ecdsa', 'rsa'] as const)('of an issuer with a key for %s, also after a reload', async (kind) => {
    const dir = await temporaryDirectory()
    const made = selfSigned(dir, kind)
    writeFileSync(join(dir, 'tls.pem'), made.certificate)
    writeFileSync(join(dir, 'tls.key'), made.key, { mode: 0o600 })
    const port = await freePort()
    const path = join(dir, 'issuer.yaml')
    writeFileSync(
      path,
      `issuer: https://127.0.0.1:${port}
listen: { port: ${port}, tls: { certificate: ${dir}/tls.pem, key: ${dir}/tls.key } }
operations: false
storage: { file: ":memory:" }
${ROBOT}`,
    )
    const served = await serveIssuer(path, { env: { ROBOT_SECRET: SECRET }, logger: silentLogger })
    onTestFinished(() => served.stop())
    await expectModern(port, kind)
    await served.reload()
    await expectModern(port, kind)
  })

  test('of a demonstration', async () => {
    const demo = await openDemo({ issuer: 'https://demo.example' })
    onTestFinished(() => demo.close())
    const { certificate: cert, key } = selfSigned(await temporaryDirectory())
    const server = demo.buildServer({ https: { cert, key } } as object)
    await server.listen({ host: '127.0.0.1', port: 0 })
    await expectModern((server.server.address() as AddressInfo).port, 'ecdsa')
  })
})
