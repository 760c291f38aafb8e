import { once } from 'node:events'
import { createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { expect, onTestFinished, test } from 'vitest'
import { LOCAL_PEER, nameLocalPeers } from '../../src/listen/local-peers.ts'
import { temporaryDirectory } from '../served.ts'

function serverThatTells(): { server: ReturnType<typeof createServer>; peers: (string | undefined)[] } {
  const peers: (string | undefined)[] = []
  const server = createServer(({ socket }, response) => {
    peers.push(socket.remoteAddress)
    response.end()
  })
  nameLocalPeers(server)
  onTestFinished(() => void server.close())
  return { server, peers }
}

test('whoever comes by a Unix socket has the address of this machine', async () => {
  const { server, peers } = serverThatTells()
  const socketPath = join(await temporaryDirectory(), 'server.sock')
  await once(server.listen(socketPath), 'listening')
  const sent = request({ socketPath, agent: false }).end()
  await once(sent, 'response')
  expect(peers).toEqual([LOCAL_PEER])
})

test('whoever sends a request over TCP and resets the connection before it is accepted has not: a front end may be believed there', async () => {
  const { server, peers } = serverThatTells()
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const { port } = server.address() as AddressInfo
  const shared = new Int32Array(new SharedArrayBuffer(4))
  const worker = new Worker(
    `const { workerData: { port, shared } } = require('node:worker_threads')
     const socket = require('node:net').connect(port, '127.0.0.1', () =>
       socket.write('GET / HTTP/1.1\\r\\nHost: a\\r\\n\\r\\n', () => {
         socket.resetAndDestroy()
         socket.on('close', () => { Atomics.store(shared, 0, 1); Atomics.notify(shared, 0) })
       }))`,
    { eval: true, workerData: { port, shared } },
  )
  // A server that is busy accepts late; the worker needs nothing of this thread to begin.
  await once(worker, 'online')
  Atomics.wait(shared, 0, 0, 5000)
  await expect.poll(() => peers).toEqual([undefined])
})
