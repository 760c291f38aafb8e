import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { createFetch } from '../../src/https/index.ts'

test('a connection that the server closes as it is used again is replaced; a fresh one that breaks is a failure', async () => {
  let connections = 0
  let broken = false
  const server = createServer((request, response) => {
    // The second request on a connection finds it closed, as after the server's idle time.
    const socket = request.socket as typeof request.socket & { used?: boolean }
    if (socket.used || broken) return void socket.destroy()
    socket.used = true
    response.end('yes')
  })
  server.on('connection', () => (connections += 1))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  const fetch = createFetch({ dangerouslyAllowLoopbackHttp: true })
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  for (let request = 0; request < 3; request++) {
    // oxlint-disable-next-line no-await-in-loop -- the same connection, one request after the other
    expect(await (await fetch(url, { method: 'POST', body: 'x' })).text()).toBe('yes')
  }
  expect(connections).toBe(3)
  broken = true
  await expect(fetch(url)).rejects.toMatchObject({ code: 'issuer_unavailable' })
  expect(connections).toBeLessThanOrEqual(4)
})

test('plain HTTP is refused unless it was allowed by name, and never leaves this machine', async () => {
  await expect(createFetch()('http://127.0.0.1:1')).rejects.toMatchObject({ code: 'insecure_url' })
  const fetch = createFetch({ dangerouslyAllowLoopbackHttp: true })
  await expect(fetch('http://issuer.example')).rejects.toMatchObject({ code: 'insecure_url' })
})
