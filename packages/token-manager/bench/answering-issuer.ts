// Answers every refresh at once with a rotated token, and signs nothing: the manager is what is measured.
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

const lifetime = Number(process.argv[2])
let count = 0
const server = createServer((request, response) => {
  request.resume().on('end', () => {
    const { port } = server.address() as AddressInfo
    const issuer = `http://127.0.0.1:${port}`
    const answer =
      request.url === '/token'
        ? {
            access_token: `${'x'.repeat(600)}${count}`,
            token_type: 'Bearer',
            expires_in: lifetime,
            refresh_token: `next-${count++}`,
          }
        : { issuer, token_endpoint: `${issuer}/token` }
    response.setHeader('content-type', 'application/json').end(JSON.stringify(answer))
  })
})
server.listen(0, '127.0.0.1', () => console.log(`http://127.0.0.1:${(server.address() as AddressInfo).port}`))
