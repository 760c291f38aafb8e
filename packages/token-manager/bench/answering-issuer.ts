// Answers every refresh at once with a rotated token, and signs nothing: the manager is what is measured. Says over the channel to its
// parent where it listens, and, when asked, what it has seen.
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

/** What the issuer has seen. */
export interface Seen {
  readonly requests: number
  readonly connections: number
  /** Token requests in the busiest second. */
  readonly busiestSecond: number
  readonly cpuSeconds: number
}

const lifetime = Number(process.argv[2])
let count = 0
let requests = 0
let connections = 0
const bySecond = new Map<number, number>()
const server = createServer((request, response) => {
  requests += 1
  request.resume().on('end', () => {
    const { port } = server.address() as AddressInfo
    const issuer = `http://127.0.0.1:${port}`
    response.setHeader('content-type', 'application/json')
    if (request.url !== '/token')
      return void response.end(JSON.stringify({ issuer, token_endpoint: `${issuer}/token` }))
    const second = Math.floor(performance.now() / 1000)
    bySecond.set(second, (bySecond.get(second) ?? 0) + 1)
    const answer = {
      access_token: `${'x'.repeat(600)}${count}`,
      token_type: 'Bearer',
      expires_in: lifetime,
      refresh_token: `next-${count++}`,
    }
    response.end(JSON.stringify(answer))
  })
})
server.on('connection', () => (connections += 1))
process.on('message', () => {
  const { user, system } = process.cpuUsage()
  const seen: Seen = {
    requests,
    connections,
    busiestSecond: Math.max(0, ...bySecond.values()),
    cpuSeconds: (user + system) / 1e6,
  }
  process.send!(seen)
})
server.listen(0, '127.0.0.1', () => process.send!(`http://127.0.0.1:${(server.address() as AddressInfo).port}`))
