// A process of its own that holds keys and signs for whoever may open its Unix socket: `node signing-process.ts SOCKET`.
// Each line is a question, each reply a line.
import { createServer } from 'node:net'
import { type Algorithm, SigningKey } from '@scitokens/core'

interface Question {
  readonly make?: Algorithm
  readonly kid?: string
  readonly data?: string
}

const keys = new Map<string, SigningKey>()

async function answer({ make, kid, data }: Question): Promise<object> {
  if (make) {
    const key = await SigningKey.generate(make)
    keys.set(key.kid, key)
    return { kid: key.kid, publicJwk: key.publicJwk }
  }
  const key = keys.get(kid ?? '')
  if (!key || data === undefined) return { error: 'no such key' }
  const signature = await key.sign(Uint8Array.from(Buffer.from(data, 'base64')))
  return { signature: Buffer.from(signature).toString('base64') }
}

const server = createServer((socket) => {
  let text = ''
  socket.on('data', (chunk) => {
    text += chunk.toString()
    if (!text.includes('\n')) return
    void answer(JSON.parse(text) as Question).then((reply) => socket.end(`${JSON.stringify(reply)}\n`))
  })
})
server.listen(process.argv[2], () => process.stdout.write('ready\n'))
process.stdin.on('end', () => process.exit(0)).resume()
