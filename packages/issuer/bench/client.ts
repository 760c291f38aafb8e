import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { Agent, request } from 'node:http'
import { availableParallelism } from 'node:os'
import { createInterface, type Interface } from 'node:readline'
import { fileURLToPath } from 'node:url'

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

/** How a server is started. */
export interface StartOptions {
  /** Where its database is: `postgres://...`, or a file. Default: a new file, removed at the end. */
  readonly database?: string
  /** Default: the first, where the machine can pin processes. */
  readonly core?: number
}

/** A server in a process of its own, on a core of its own. */
export class ServerProcess {
  readonly #child: ChildProcess
  readonly #lines: Interface
  url = ''

  private constructor(child: ChildProcess) {
    this.#child = child
    this.#lines = createInterface(child.stdout!)
  }

  static async start(kind: string, { database, core = 0 }: StartOptions = {}): Promise<ServerProcess> {
    const script = fileURLToPath(new URL('server.ts', import.meta.url))
    const node = [
      process.execPath,
      '--conditions=@scitokens/source',
      '--expose-gc',
      '--disable-warning=ExperimentalWarning',
      script,
      kind,
    ]
    const pinned = canPin() ? ['taskset', '-c', String(core), ...node] : node
    const [command, ...args] = database ? [...pinned, database] : pinned
    const server = new ServerProcess(
      spawn(command!, args, { stdio: ['pipe', 'pipe', 'inherit'], env: { ...process.env, UV_THREADPOOL_SIZE: '2' } }),
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

/** What one load did to a server. */
export interface Row {
  readonly what: string
  readonly perSecond: number
  /** Per second of the server's own processor time: what a core can do, also while the machine has other work. */
  readonly perCpuSecond: number
  readonly p50: number
  readonly p99: number
}

/** How many requests are under way at any time. */
const CLIENTS = 20
/** How many families come in turn: a single one is refreshed every few minutes at most. */
const FAMILIES = 1000

/** Families refreshed in turn, each with its newest token. */
export class RefreshLoad {
  readonly #server: ServerProcess
  readonly #agent: Agent
  readonly #url: URL
  /** The newest token of each family that nobody is refreshing just now. */
  readonly #tokens: string[] = []

  constructor(server: ServerProcess) {
    this.#server = server
    this.#url = new URL(server.url)
    this.#agent = new Agent({ keepAlive: true, maxSockets: CLIENTS })
  }

  /** Goes on with the tokens that the run before left. */
  async run(what: string, seconds: number): Promise<Row> {
    if (this.#tokens.length === 0) await this.#login()
    const times: number[] = []
    const before = await this.#server.measure()
    const begun = performance.now()
    await this.#together(async () => {
      while (performance.now() < begun + seconds * 1000) {
        const asked = performance.now()
        const reply = await this.#post({ grant_type: 'refresh_token', refresh_token: this.#tokens.shift()! })
        this.#tokens.push(reply['refresh_token']!)
        times.push(performance.now() - asked)
      }
    })
    const wall = (performance.now() - begun) / 1000
    const cpu = (await this.#server.measure()).cpu - before.cpu
    times.sort((a, b) => a - b)
    const at = (share: number): number => Math.round(times[Math.floor(times.length * share)]! * 10) / 10
    return {
      what,
      perSecond: Math.round(times.length / wall),
      perCpuSecond: Math.round(times.length / cpu),
      p50: at(0.5),
      p99: at(0.99),
    }
  }

  close(): void {
    this.#agent.destroy()
  }

  /** As if so many people had logged in. */
  async #login(): Promise<void> {
    const { access_token: subject } = await this.#post({ grant_type: 'client_credentials' })
    const form = {
      grant_type: EXCHANGE,
      subject_token: subject!,
      subject_token_type: 'urn:ietf:params:oauth:token-type:access_token',
      scope: 'offline_access read:/store',
    }
    await this.#together(async () => {
      for (let made = 0; made < FAMILIES / CLIENTS; made++)
        this.#tokens.push((await this.#post(form))['refresh_token']!)
    })
  }

  async #together(work: () => Promise<void>): Promise<void> {
    await Promise.all(Array.from({ length: CLIENTS }, work))
  }

  /** By `node:http`, whose own work is a fraction of `fetch`'s: the clients share the machine with the server. */
  async #post(form: Record<string, string>): Promise<Record<string, string>> {
    const body = new URLSearchParams(form).toString()
    const headers = { ...HEADERS, 'content-length': String(body.length) }
    const outgoing = request(this.#url, { method: 'POST', agent: this.#agent, headers })
    outgoing.end(body)
    const [reply] = (await once(outgoing, 'response')) as [import('node:http').IncomingMessage]
    let text = ''
    for await (const chunk of reply.setEncoding('utf8')) text += chunk as string
    if (reply.statusCode !== 200) throw new Error(text)
    return JSON.parse(text) as Record<string, string>
  }
}

/** Rows as a table in Markdown. */
export function showRows(rows: readonly Row[]): void {
  console.log('| what | per second | per second of its processor time | p50 ms | p99 ms |\n|---|---|---|---|---|')
  for (const { what, perSecond, perCpuSecond, p50, p99 } of rows)
    console.log(`| ${what} | ${perSecond} | ${perCpuSecond} | ${p50} | ${p99} |`)
}
