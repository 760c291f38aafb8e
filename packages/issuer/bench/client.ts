import { type ChildProcess, spawn } from 'node:child_process'
import { availableParallelism } from 'node:os'
import { once } from 'node:events'
import { createInterface, type Interface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { spawnSync } from 'node:child_process'

export const SECRET = 'a-generated-secret-of-enough-length'
export const EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange'
export const HEADERS: Record<string, string> = {
  authorization: `Basic ${Buffer.from(`robot:${SECRET}`).toString('base64')}`,
  'content-type': 'application/x-www-form-urlencoded',
  'x-forwarded-proto': 'https',
}

/** What a server process says of itself: bytes, and seconds of processor time. */
export interface Measured {
  readonly rss: number
  readonly heap: number
  readonly size: number
  readonly cpu: number
}

/** A server in a process of its own, on the first core where the machine can pin it. */
export class ServerProcess {
  readonly #child: ChildProcess
  readonly #lines: Interface
  url = ''

  private constructor(child: ChildProcess) {
    this.#child = child
    this.#lines = createInterface(child.stdout!)
  }

  static async start(kind: string, database?: string): Promise<ServerProcess> {
    const script = fileURLToPath(new URL('server.ts', import.meta.url))
    const node = [
      process.execPath,
      '--conditions=@scitokens/source',
      '--expose-gc',
      '--disable-warning=ExperimentalWarning',
      script,
      kind,
    ]
    const pinned = canPin() ? ['taskset', '-c', '0', ...node] : node
    const [command, ...args] = database ? [...pinned, database] : pinned
    const server = new ServerProcess(
      spawn(command!, args, { stdio: ['pipe', 'pipe', 'ignore'], env: { ...process.env, UV_THREADPOOL_SIZE: '2' } }),
    )
    server.url = (await server.#line())['url'] as string
    return server
  }

  /** Memory, after a garbage collection where asked for, database size, and processor time. */
  async measure(how: 'collect' | 'quick' = 'quick'): Promise<Measured> {
    this.#child.stdin!.write(`${how}\n`)
    return (await this.#line()) as unknown as Measured
  }

  async stop(): Promise<void> {
    this.#child.stdin!.end()
    await once(this.#child, 'exit')
  }

  async #line(): Promise<Record<string, unknown>> {
    for (;;) {
      const [line] = (await once(this.#lines, 'line')) as [string]
      if (line.startsWith('{')) return JSON.parse(line) as Record<string, unknown>
    }
  }
}

function canPin(): boolean {
  return availableParallelism() > 1 && spawnSync('taskset', ['-c', '0', 'true']).status === 0
}
