import type { Logger } from '@scitokens/core/internal'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { type ServedIssuer, serveIssuer } from '../src/serve.ts'

export const SECRET: string = 'a-generated-secret-of-enough-length'

export const ROBOT: string = `clients:
  - clientId: robot
    clientSecret: { env: ROBOT_SECRET }
    scopes: ['read:/store']
    audiences: ['https://storage.example']
`

/** Lines of a log, as they were written. */
export class TestLog implements Logger {
  readonly lines: { level: string; details: Record<string, unknown>; message: string }[] = []
  readonly #write = (level: string) => (details: object, message: string) =>
    void this.lines.push({ level, details: { ...details }, message })

  readonly info: Logger['info'] = this.#write('info')
  readonly warn: Logger['warn'] = this.#write('warn')
  readonly error: Logger['error'] = this.#write('error')
}

/** An issuer that runs from a file, stopped with the test. */
export interface Served {
  readonly dir: string
  readonly path: string
  readonly url: string
  readonly log: TestLog
  readonly served: ServedIssuer
  /** Writes the file anew: what every configuration of these tests has, and `more`. */
  readonly write: (more: string) => Promise<void>
}

export async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const { port } = probe.address() as { port: number }
  probe.close()
  await once(probe, 'close')
  return port
}

export async function temporaryDirectory(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'issuer-serve-'))
  onTestFinished(() => rm(dir, { recursive: true }))
  return dir
}

/** Writes a configuration with `more` and serves it. */
export async function serve(more: string = ROBOT, env: NodeJS.ProcessEnv = { ROBOT_SECRET: SECRET }): Promise<Served> {
  const dir = await temporaryDirectory()
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const path = join(dir, 'issuer.yaml')
  const write = (text: string): Promise<void> =>
    writeFile(
      path,
      `issuer: ${url}
dangerouslyAllowLoopbackHttp: true
listen: { port: ${port} }
operations: { port: 0 }
storage: { file: ${JSON.stringify(join(dir, 'issuer.sqlite'))} }
audit: { file: ${JSON.stringify(join(dir, 'audit.jsonl'))} }
${text}`,
    )
  await write(more)
  const log = new TestLog()
  const served = await serveIssuer(path, { env, logger: log })
  onTestFinished(() => served.stop())
  return { dir, path, url, log, served, write }
}

/** Asks for a token by client credentials. */
export function askToken(
  url: string,
  {
    client = 'robot',
    secret = SECRET,
    scope = 'read:/store',
  }: { client?: string; secret?: string; scope?: string } = {},
): Promise<Response> {
  return fetch(`${url}/token`, {
    method: 'POST',
    headers: { authorization: `Basic ${btoa(`${client}:${secret}`)}` },
    body: new URLSearchParams({ grant_type: 'client_credentials', scope }),
  })
}
