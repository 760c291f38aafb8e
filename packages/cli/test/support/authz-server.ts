import { spawn } from '@scitokens-tests/programs/processes'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer, request as httpRequest, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { createTestIssuer, type TestIssuer } from '@scitokens/core/testing'
import { expect, onTestFinished } from 'vitest'

const BIN = join(import.meta.dirname, '..', '..', 'src', 'bin.ts')

/** The name of the guarded server. */
export const AUDIENCE = 'https://data.example'

/** A test issuer whose keys are fetched over HTTP. */
export async function startIssuer(): Promise<TestIssuer> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const made = await createTestIssuer({ issuer: url })
  server.on('request', (request, response) => {
    const document = request.url === '/jwks' ? made.jwks : { issuer: url, jwks_uri: `${url}/jwks` }
    response.setHeader('content-type', 'application/json').end(JSON.stringify(document))
  })
  return made
}

/** `scitokens authz-server` in a process of its own. */
export interface AuthzServer {
  readonly address: string
  /** What it has decided so far. */
  log(): { method: string; target: string; allowed: boolean; code?: string; subject?: string; reason: string }[]
  stop(): Promise<[status: number | null]>
}

/** Starts it, trusting an issuer unless the arguments name a file of issuers. */
export async function startAuthzServer(
  { directory, issuer }: { readonly directory: string; readonly issuer: string },
  ...args: string[]
): Promise<AuthzServer> {
  const trust = args.includes('--issuers-file') ? [] : ['--issuer', issuer, '--audience', AUDIENCE]
  const more = ['--dangerously-allow-loopback-http', '--cache-dir', join(directory, 'keys')]
  const command = ['--conditions=@scitokens/source', BIN, 'authz-server', ...trust, ...more, ...args]
  const child = spawn(process.execPath, command)
  onTestFinished(() => void child.kill('SIGKILL'))
  const [stdout, stderr] = [collect(child.stdout), collect(child.stderr)]
  await expect.poll(stderr, { timeout: 60_000 }).toMatch(/^deciding for \S+ on \S+\n/)
  return {
    address: / on (\S+)\n/.exec(stderr())![1]!,
    log: () =>
      stdout()
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line) as never),
    stop: async () => {
      child.kill('SIGTERM')
      return (await once(child, 'close')) as [number | null]
    },
  }
}

/** What a stream has said so far. */
export function collect(stream: NodeJS.ReadableStream): () => string {
  let text = ''
  stream.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
  return () => text
}

/** What a server answered. */
export interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

/** Sends a target exactly as it is, to a port or a socket. */
export function send(
  where: string,
  method: string,
  path: string,
  headers: Record<string, string | string[]> = {},
  body?: string,
): Promise<Answer> {
  const to = where.startsWith('unix:')
    ? { socketPath: where.slice(5) }
    : { host: '127.0.0.1', port: where.split(':').at(-1)! }
  return new Promise((resolve, reject) => {
    const length = body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) }
    httpRequest({ agent: false, ...to, method, path, headers: { ...headers, ...length } }, (response) => {
      const text = collect(response)
      response.on('end', () => resolve({ status: response.statusCode!, headers: response.headers, body: text() }))
    })
      .on('error', reject)
      .end(body)
  })
}

/** A header with a token of the user ana for the guarded server. */
export async function bearer(issuer: TestIssuer, scope: string): Promise<{ authorization: string }> {
  return { authorization: `Bearer ${await issuer.sign({ scope, aud: AUDIENCE, sub: 'ana' })}` }
}

/** Requests that spell a path below `/store` but mean `/top`, which holds "top" and may not be read, or are malformed. */
export const TRICKS: readonly string[] = [
  '/store/../top',
  '/store/%2e%2e/top',
  '/store/..%2ftop',
  '/store/..%5ctop',
  '/store\\..\\top',
  '/store/%252e%252e/top',
  '//top',
  '/./top',
  '/top?/store/x',
  '/top#/store/x',
  '/%74op',
  '/STORE/user/ana/x',
  '/store/user/ana/../../../top',
]

/** The first code block of a language in docs/guards.md: what is documented is what is tested. */
export function documented(language: string): string {
  const page = readFileSync(join(import.meta.dirname, '../../../../docs/guards.md'), 'utf8')
  const [, block] = new RegExp(`\`\`\`${language}\\n([^]*?)\`\`\``).exec(page) ?? []
  if (block === undefined) throw new Error(`docs/guards.md has no block in ${language}`)
  return block
}

/** A front end hands on the request as it came: no spelling of a place and no other field changes what is judged. */
export async function expectJudgedAsItCame(url: string, ana: Record<string, string>): Promise<void> {
  expect(await send(url, 'GET', '/store//user/%61na/x?a=b', ana)).toMatchObject({
    status: 200,
    body: 'store/user/ana/x',
  })
  for (const target of TRICKS) {
    const { status, body } = await send(url, 'GET', target, ana)
    expect([400, 403, 404], target).toContain(status)
    expect(body).not.toBe('top')
  }
  for (const field of ['x-original-uri', 'x-original-method', 'x-forwarded-uri', 'x-rewrite-url']) {
    expect(await send(url, 'GET', '/top', { ...ana, [field]: '/store/x' })).toMatchObject({ status: 403 })
  }
}
