import { connect } from 'node:net'
import { expect, test } from 'vitest'
import { startIssuer } from '../support/harness.ts'

test('a client that does not finish its request is cut off, and others are served meanwhile', async () => {
  const { issuer } = await startIssuer()
  const server = issuer.buildServer({ requestTimeout: 300, connectionTimeout: 600 })
  // Node looks for slow requests at this interval; it is set before listening.
  const address = await server.listen({ host: '127.0.0.1', port: 0 })
  const { port } = new URL(address)
  const socket = connect(Number(port), '127.0.0.1')
  const closed = new Promise<string>((resolve) => {
    let text = ''
    socket.on('data', (chunk) => (text += chunk.toString()))
    socket.on('close', () => resolve(text))
    socket.on('error', () => resolve(text))
  })
  socket.write(
    'POST /vo/token HTTP/1.1\r\nHost: issuer.example\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 1000\r\n\r\ngrant_type=',
  )
  expect((await fetch(`${address}/vo/jwks`)).status).toBe(200)
  expect(await closed).not.toContain('HTTP/1.1 200')
}, 180_000)
