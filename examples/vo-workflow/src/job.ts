// A job: reads its input, computes for longer than a token lives, and writes its output. It knows nothing of issuers and logins: it looks
// for its token anew at each request, as curl, xrdcp or gfal would.
import { setTimeout as delay } from 'node:timers/promises'
import { SciToken } from '@scitokens/core'
import { discoverToken } from '@scitokens/environment'

const [storage, input, output] = process.argv.slice(2)

function token(): string {
  const found = discoverToken({ env: process.env })
  if (!found) throw new Error('there is no token')
  return found.token
}

async function request(method: string, path: string, body?: string): Promise<string> {
  const response = await fetch(new URL(path, storage), {
    method,
    headers: { authorization: `Bearer ${token()}` },
    ...(body === undefined ? {} : { body }),
  })
  const text = await response.text()
  console.log(`${method} ${path}: ${response.status}`)
  if (!response.ok) process.exit(1)
  return text
}

const first = token()
const numbers = (await request('GET', input!)).trim().split(' ').map(Number)
const expiry = SciToken.decode(first).unverifiedClaims['exp'] as number
// The computation.
while (Date.now() / 1000 <= expiry) await delay(100)
console.log('my first token has expired')
await request('PUT', output!, `${numbers.reduce((sum, number) => sum + number, 0)}\n`)
