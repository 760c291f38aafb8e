import { chmodSync, existsSync, mkdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { once } from 'node:events'
import { connect } from 'node:net'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { spawnSync } from '@scitokens-tests/programs/processes'
import type { Place, ServiceOptions } from '@scitokens/service'
import { describe, expect, test } from 'vitest'
import { open, temporaryDirectory } from '../fixture.ts'

/** A service that says hello there. */
async function listen(place: Place, options: Partial<ServiceOptions> = {}): Promise<readonly string[]> {
  const service = await open({ ...options, listen: place })
  await service.serve(({ sockets }) => void sockets((socket) => socket.end('hello')))
  return service.addresses
}

describe('a Unix socket', () => {
  test.each([
    [undefined, 0o660],
    [0o666, 0o666],
    [0o600, 0o600],
  ])('with mode %o has mode %o, whatever the umask is', async (mode, found) => {
    const path = join(temporaryDirectory(), 'a.sock')
    for (const umask of [0o000, 0o077]) {
      const before = process.umask(umask)
      // oxlint-disable-next-line no-await-in-loop -- the mask is the whole process's
      const service = await open({ listen: { path, ...(mode !== undefined && { mode }) } })
      // oxlint-disable-next-line no-await-in-loop -- as above
      await service.serve(({ sockets }) => void sockets((socket) => socket.end('hello')))
      expect([statSync(path).mode & 0o777, process.umask(before)]).toEqual([found, umask])
      // oxlint-disable-next-line no-await-in-loop -- as above
      await service.stop()
    }
  })

  test.each([0o777, 0o1777, 0o770])('is not made in a directory with mode %o, which others can write', async (mode) => {
    const directory = join(temporaryDirectory(), 'open')
    mkdirSync(directory)
    chmodSync(directory, mode)
    await expect(listen({ path: join(directory, 'a.sock') })).rejects.toThrow('could answer in place of this server')
    expect(existsSync(join(directory, 'a.sock'))).toBe(false)
    // Nor by a link that leads there.
    const link = join(temporaryDirectory(), 'link')
    symlinkSync(directory, link)
    await expect(listen({ path: join(link, 'a.sock') })).rejects.toMatchObject({ code: 'config_error' })
  })

  test('lies in a directory that is closed to others, where who can connect is believed', async () => {
    const directory = temporaryDirectory()
    const place = { path: join(directory, 'a.sock'), closedToOthers: true }
    chmodSync(directory, 0o711)
    await expect(listen(place)).rejects.toThrow(/is believed to be the front end.*chmod o=/)
    chmodSync(directory, 0o710)
    expect(await listen(place)).toEqual([`unix:${place.path}`])
  })

  test('takes the place of one that a killed process left, and of nothing else', async () => {
    const path = join(temporaryDirectory(), 'a.sock')
    await listen({ path })
    await expect(listen({ path })).rejects.toMatchObject({
      code: 'undecided',
      message: `cannot listen on the socket ${path}: EADDRINUSE, another process listens on it`,
    })
    const left = join(temporaryDirectory(), 'b.sock')
    const script = `require('net').createServer().listen(${JSON.stringify(left)}, () => process.kill(process.pid, 'SIGKILL'))`
    spawnSync(process.execPath, ['-e', script])
    expect(existsSync(left)).toBe(true)
    await listen({ path: left })
    const socket = connect(left)
    expect(await text(socket)).toBe('hello')
    const file = join(temporaryDirectory(), 'c.sock')
    writeFileSync(file, 'mine')
    await expect(listen({ path: file })).rejects.toThrow('exists and is no socket')
  })

  test('cannot be made where there is no directory', async () => {
    const path = join(temporaryDirectory(), 'none', 'a.sock')
    await expect(listen({ path })).rejects.toThrow('of the socket cannot be looked at (ENOENT)')
  })
})

describe('an address', () => {
  test('of IPv6 is told in brackets', async () => {
    const [address] = await listen({ host: '::1', port: 0 })
    expect(address).toMatch(/^\[::1\]:\d+$/)
    const socket = connect(Number(address!.split(':').at(-1)), '::1')
    await once(socket, 'connect')
    expect(await text(socket)).toBe('hello')
  })

  test.each(['0.0.0.0', '::', '192.0.2.1', 'vo.example'])(
    'of other machines (%s) is refused where only this one may ask',
    async (host) => {
      await expect(listen({ host, port: 0 }, { onlyThisMachine: true })).rejects.toThrow('is not a loopback address')
    },
  )

  test.each(['127.0.0.1', '::1', 'localhost'])('of this machine (%s) is not', async (host) => {
    expect(await listen({ host, port: 0 }, { onlyThisMachine: true })).toHaveLength(1)
  })

  test('that this machine does not have is a mistake of whoever set this up', async () => {
    await expect(listen({ host: '192.0.2.1', port: 0 })).rejects.toMatchObject({ code: 'config_error' })
  })
})
