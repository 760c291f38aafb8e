import { createServer, connect, type Server } from 'node:net'
import { type Algorithm, type Signer, SigningKey } from '@scitokens/core'
import type { KeyProvider, ProvidedKey } from '@scitokens/issuer'

/** A process of its own that holds keys and signs: here a server on a Unix socket. Each line is a question, each reply a line. */
export async function startSigningServer(path: string): Promise<Server> {
  const keys = new Map<string, SigningKey>()
  const answer = async (question: { make?: Algorithm; kid?: string; data?: string }): Promise<object> => {
    if (question.make) {
      const key = await SigningKey.generate(question.make)
      keys.set(key.kid, key)
      return { kid: key.kid, publicJwk: key.publicJwk }
    }
    const key = keys.get(question.kid!)
    if (!key) return { error: 'no such key' }
    return {
      signature: Buffer.from(await key.sign(Uint8Array.from(Buffer.from(question.data!, 'base64')))).toString('base64'),
    }
  }
  const server = createServer((socket) => {
    let text = ''
    socket.on('data', (chunk) => {
      text += chunk.toString()
      if (!text.includes('\n')) return
      void answer(JSON.parse(text) as object).then((reply) => socket.end(`${JSON.stringify(reply)}\n`))
    })
  })
  await new Promise<void>((resolve) => server.listen(path, resolve))
  return server
}

/** Keys that never enter this process. */
export class SocketKeys implements KeyProvider {
  readonly #path: string

  constructor(path: string) {
    this.#path = path
  }

  async create(alg: Algorithm): Promise<ProvidedKey> {
    const made = await this.#ask({ make: alg })
    return {
      kid: made['kid'] as string,
      publicJwk: made['publicJwk'] as object,
      reference: `socket:${made['kid'] as string}`,
    }
  }

  async open({ kid }: ProvidedKey, alg: Algorithm): Promise<Signer> {
    return {
      alg,
      kid,
      sign: async (data) => {
        const reply = await this.#ask({ kid, data: Buffer.from(data).toString('base64') })
        return Uint8Array.from(Buffer.from(reply['signature'] as string, 'base64'))
      },
    }
  }

  #ask(question: object): Promise<Record<string, unknown>> {
    return new Promise((resolve, reject) => {
      const socket = connect(this.#path, () => socket.write(`${JSON.stringify(question)}\n`))
      let text = ''
      socket.on('data', (chunk) => (text += chunk.toString()))
      socket.on('end', () => resolve(JSON.parse(text) as Record<string, unknown>))
      socket.on('error', reject)
    })
  }
}
