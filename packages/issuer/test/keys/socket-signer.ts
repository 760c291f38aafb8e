import { type ChildProcess, spawn } from '@scitokens-tests/programs/processes'
import { once } from 'node:events'
import { connect } from 'node:net'
import { fileURLToPath } from 'node:url'
import type { Algorithm, Signer } from '@scitokens/core'
import type { KeyProvider, ProvidedKey } from '@scitokens/issuer'

/** Starts a process that holds keys and signs; it ends with its standard input. */
export async function startSigningProcess(path: string): Promise<ChildProcess> {
  const script = fileURLToPath(new URL('signing-process.ts', import.meta.url))
  const options = ['--conditions=@scitokens/source', '--disable-warning=ExperimentalWarning']
  const child = spawn(process.execPath, [...options, script, path], { stdio: ['pipe', 'pipe', 'inherit'] })
  await once(child.stdout, 'data')
  return child
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
