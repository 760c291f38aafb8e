import { type ChildProcess, spawn } from '@scitokens-tests/programs/processes'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { fileURLToPath } from 'node:url'
import type { Begin, Order } from './orders.ts'

/** An issuer as an operator has it: it can be killed at any moment and started again on the same database. */
export class ProcessIssuer {
  readonly begin: Begin
  readonly url: string
  /** Everything it ever printed. */
  output = ''
  #child: ChildProcess | undefined

  private constructor(begin: Begin) {
    this.begin = begin
    this.url = `http://127.0.0.1:${begin.port}`
  }

  /** @param parts - where it keeps its things; the master key is a random one by default. */
  static async create(parts: Omit<Begin, 'port' | 'masterKey'> & Partial<Begin>): Promise<ProcessIssuer> {
    const masterKey = randomBytes(32).toString('base64url')
    return new ProcessIssuer({ port: await freePort(), masterKey, ...parts })
  }

  get pid(): number {
    return this.#child!.pid!
  }

  /** Starts it; rejects with what it printed where it did not start. */
  async start(): Promise<void> {
    const script = fileURLToPath(new URL('issuer-process.ts', import.meta.url))
    const child = spawn(process.execPath, ['--conditions=@scitokens/source', script], {
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      // Nothing of the test runner's: the process is an issuer, not a worker.
      // What was compiled at the first start is not compiled again.
      env: { PATH: process.env['PATH'], NODE_COMPILE_CACHE: `${this.begin.audit}.code` },
    })
    this.#child = child
    for (const stream of [child.stdout!, child.stderr!]) {
      stream.setEncoding('utf8').on('data', (text: string) => (this.output += text))
    }
    child.send(this.begin)
    const ready = await Promise.race([once(child, 'message').then(() => true), once(child, 'exit').then(() => false)])
    if (!ready) throw new Error(`it did not start: ${this.output}`)
  }

  async order(order: Order): Promise<void> {
    const answer = once(this.#child!, 'message')
    this.#child!.send(order)
    await answer
  }

  /** Waits until it is dead, by its own hand. */
  async death(): Promise<void> {
    const child = this.#child!
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
    if (child.signalCode !== 'SIGKILL') throw new Error(`it ended otherwise: ${this.output}`)
  }

  async kill(): Promise<void> {
    this.#child?.kill('SIGKILL')
    if (this.#child) await this.death()
  }

  /** Whether it runs. */
  get alive(): boolean {
    return this.#child?.exitCode === null && this.#child.signalCode === null
  }

  /** The lines of its audit file but those that were torn in the middle, which must stand alone. Rejects where one is no JSON. */
  async auditLines(): Promise<Record<string, unknown>[]> {
    const text = await readFile(this.begin.audit, 'utf8')
    return text
      .split('\n')
      .filter((line) => line !== '' && (line.endsWith('}') || line.lastIndexOf('{"time"') > 0))
      .map((line) => JSON.parse(line) as Record<string, unknown>)
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  server.close()
  await once(server, 'close')
  return port
}
