import { needing } from '@scitokens-tests/programs'
import { once } from 'node:events'
import { copyFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { connect, type ConnectionOptions, type TLSSocket } from 'node:tls'
import { connect as connectSocket } from 'node:net'
import { request } from 'node:http'
import { text } from 'node:stream/consumers'
import { expect, onTestFinished } from 'vitest'
import { ANY, open, read, selfSigned, temporaryDirectory, TestLog } from '../fixture.ts'

const { describe, test } = needing('openssl')

/** A handshake with the server at an address; the connection ends with the test. */
async function handshake(address: string, offer: ConnectionOptions = {}): Promise<TLSSocket> {
  const [host, port] = address.split(':')
  const socket = connect({ host: host!, port: Number(port), rejectUnauthorized: false, ...offer })
  onTestFinished(() => void socket.destroy())
  await once(socket, 'secureConnect')
  return socket
}

const nameOf = (socket: TLSSocket): unknown => socket.getPeerCertificate().subject.CN

/** Asks on a connection that stays open. */
async function askOn(socket: TLSSocket): Promise<string> {
  socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
  const [answer] = (await once(socket, 'data')) as [Buffer]
  return answer.toString().split('\r\n', 1)[0]!
}

describe('TLS', () => {
  test('is 1.3, or 1.2 with forward secrecy and authenticated encryption', async () => {
    const service = await open({ tls: selfSigned(temporaryDirectory(), 'one') })
    await service.serve(({ http }) => void http((_, response) => response.end()))
    const [address] = service.addresses
    expect((await handshake(address!)).getProtocol()).toBe('TLSv1.3')
    const second = await handshake(address!, { maxVersion: 'TLSv1.2' })
    expect(second.getCipher().name).toMatch(/^ECDHE-.*(GCM|CHACHA20)/)
    const weak = { ciphers: 'ALL:@SECLEVEL=0', minVersion: 'TLSv1', maxVersion: 'TLSv1.1' } as const
    await expect(handshake(address!, weak)).rejects.toThrow()
    const old = { ciphers: 'ECDHE-ECDSA-AES128-SHA', maxVersion: 'TLSv1.2' } as const
    await expect(handshake(address!, old)).rejects.toThrow()
  })

  test('of a protocol of its own encrypts it on addresses, not on Unix sockets', async () => {
    const path = join(temporaryDirectory(), 'a.sock')
    const service = await open({ tls: selfSigned(temporaryDirectory(), 'one'), listen: [ANY, { path }] })
    await service.serve(({ sockets }) => void sockets((socket) => socket.end('hello')))
    expect(await text(await handshake(service.addresses[0]!))).toBe('hello')
    expect(await text(connectSocket(path))).toBe('hello')
  })

  test('of HTTP neither, whose server has the listeners of the one that was handed out', async () => {
    const path = join(temporaryDirectory(), 'a.sock')
    const service = await open({ tls: selfSigned(temporaryDirectory(), 'one'), listen: [ANY, { path }] })
    await service.serve(({ http }) => {
      const server = http((_, response) => response.end('hello'))
      server.on('clientError', (_, socket) => socket.end('what?'))
    })
    expect(await askOn(await handshake(service.addresses[0]!))).toBe('HTTP/1.1 200 OK')
    const asked = request({ socketPath: path }).end()
    const [response] = await once(asked, 'response')
    expect(await text(response)).toBe('hello')
    const socket = connectSocket(path)
    socket.write('nonsense\r\n\r\n')
    expect(await text(socket)).toBe('what?')
  })

  test('takes a new certificate at a reload, and no connection is lost', async () => {
    const directory = temporaryDirectory()
    const [one, two] = [selfSigned(directory, 'one'), selfSigned(directory, 'two')]
    const service = await open({ tls: one, watchSeconds: 0 })
    await service.serve(({ http }) => void http((_, response) => response.end('hello')))
    const [address] = service.addresses
    const before = await handshake(address!)
    expect([nameOf(before), await askOn(before)]).toEqual(['one', 'HTTP/1.1 200 OK'])
    copyFileSync(two.certificate, one.certificate)
    copyFileSync(two.key, one.key)
    expect(await service.reload()).toEqual({ ok: true, needsRestart: [] })
    expect(nameOf(await handshake(address!))).toBe('two')
    expect(await askOn(before)).toBe('HTTP/1.1 200 OK')
  })

  test('takes other files that the program names, together with what else it read', async () => {
    const directory = temporaryDirectory()
    const [one, two] = [selfSigned(directory, 'one'), selfSigned(directory, 'two')]
    const service = await open({ tls: one, watchSeconds: 0 })
    let taken = 0
    let tls = { certificate: two.certificate, key: one.key }
    await service.serve(({ http }) => {
      http((_, response) => response.end())
      return { reload: () => ({ tls, takeOver: () => void (taken += 1) }) }
    })
    expect(await service.reload()).toMatchObject({
      ok: false,
      problem: 'tls.certificate: TLS cannot use certificate and key: the certificate does not fit the key',
    })
    expect([taken, nameOf(await handshake(service.addresses[0]!))]).toEqual([0, 'one'])
    tls = two
    expect(await service.reload()).toMatchObject({ ok: true })
    expect([taken, nameOf(await handshake(service.addresses[0]!))]).toEqual([1, 'two'])
  })

  test('keeps the good certificate while the files are wrong, says so, and takes the next by itself', async () => {
    const directory = temporaryDirectory()
    const [one, two] = [selfSigned(directory, 'one'), selfSigned(directory, 'two')]
    const log = new TestLog()
    const service = await open({ tls: one, watchSeconds: 0.05, logger: log, operations: ANY })
    await service.serve(({ http }) => void http((_, response) => response.end()))
    // Halfway through a renewal: the key is of another certificate.
    renameSync(two.certificate, one.certificate)
    await expect
      .poll(() => log.at('error'))
      .toEqual([
        'nothing was taken over, all stays as it was: tls.certificate: TLS cannot use certificate and key: the certificate does not fit the key',
      ])
    expect(nameOf(await handshake(service.addresses[0]!))).toBe('one')
    renameSync(two.key, one.key)
    await expect.poll(async () => nameOf(await handshake(service.addresses[0]!))).toBe('two')
    const metrics = await (await fetch(`http://${service.operationsAddress}/metrics`)).text()
    expect(metrics).toMatch(/service_certificate_not_after_seconds \d{10}/)
    expect(JSON.stringify(log.lines)).not.toContain(read(one.key).split('\n')[1])
  })

  test('asks for certificates of clients where it is told to; the server judges, and only named authorities vouch', async () => {
    const directory = temporaryDirectory()
    const [server, ana] = [selfSigned(directory, 'server'), selfSigned(directory, 'ana')]
    const offer = { cert: read(ana.certificate), key: read(ana.key) }
    for (const [tls, told] of [
      [{}, 'none false'],
      [{ askForCertificate: true }, 'ana false'],
      [{ clientCa: ana.certificate }, 'ana true'],
    ] as const) {
      // oxlint-disable-next-line no-await-in-loop -- one service after the other
      const service = await open({ tls: { ...server, ...tls } })
      // oxlint-disable-next-line no-await-in-loop -- as above
      await service.serve(({ sockets }) => {
        sockets((socket) => {
          const { subject } = (socket as TLSSocket).getPeerCertificate()
          socket.end(`${String(subject?.CN ?? 'none')} ${(socket as TLSSocket).authorized}`)
        })
      })
      // oxlint-disable-next-line no-await-in-loop -- as above
      expect(await text(await handshake(service.addresses[0]!, offer))).toBe(told)
    }
  })

  test('lets nobody go on with an older session where the chain of a certificate is needed', async () => {
    for (const resumption of [true, false]) {
      // oxlint-disable-next-line no-await-in-loop -- one service after the other
      const service = await open({ tls: { ...selfSigned(temporaryDirectory(), 'one'), resumption } })
      // oxlint-disable-next-line no-await-in-loop -- as above
      await service.serve(({ http }) => void http((_, response) => response.end()))
      // oxlint-disable-next-line no-await-in-loop -- as above
      const first = await handshake(service.addresses[0]!, { maxVersion: 'TLSv1.2' })
      const session = first.getSession()!
      // oxlint-disable-next-line no-await-in-loop -- as above
      const second = await handshake(service.addresses[0]!, { maxVersion: 'TLSv1.2', session })
      expect(second.isSessionReused()).toBe(resumption)
    }
  })

  test('warns of a certificate that has expired', async () => {
    const log = new TestLog()
    await open({
      tls: selfSigned(temporaryDirectory(), 'one'),
      logger: log,
      clock: () => Date.now() / 1000 + 3 * 86_400,
    })
    expect(log.at('warn')).toEqual(['the certificate of the server has expired'])
  })

  test('is refused before anything listens, where the files are none', async () => {
    const { certificate } = selfSigned(temporaryDirectory(), 'one')
    const key = join(temporaryDirectory(), 'key')
    writeFileSync(key, 'no key')
    await expect(open({ tls: { certificate, key } })).rejects.toMatchObject({
      code: 'config_error',
      message: expect.stringContaining('tls.certificate: TLS cannot use certificate and key'),
    })
  })
})
