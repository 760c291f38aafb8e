import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import type { JsonObject } from '@scitokens/core'

/** What an application is asked to do. */
export interface Order {
  readonly flow: 'client_credentials' | 'code' | 'device'
  readonly issuer: string
  readonly clientId: string
  /** Empty: a public client. */
  readonly clientSecret: string
  readonly redirect?: string
  readonly scopes: readonly string[]
  /** Further parameters of the request. */
  readonly parameters?: Readonly<Record<string, string | readonly string[]>>
  /** Credentials: 0, the library decides; 1, in the body; 2, in a Basic header. */
  readonly style?: 0 | 1 | 2
  /** False: without PKCE. */
  readonly pkce?: boolean
}

/** The person at the browser. */
export interface Answers {
  /** Where the browser ends up. */
  open?(url: string): Promise<string>
  device?(verificationUri: string, userCode: string): Promise<unknown>
}

/** How it ended: the tokens, the refreshed ones last, or the OAuth error that the library understood. */
export interface Driven {
  readonly tokens: readonly JsonObject[]
  readonly error: string | undefined
}

/** Runs an application and answers for the person at its browser. Throws with what it said where it failed by itself. */
export async function drive(
  command: readonly string[],
  caFile: string,
  order: Order,
  answers: Answers = {},
): Promise<Driven> {
  const [program, ...args] = command
  const env = {
    PATH: process.env['PATH'],
    HOME: process.env['HOME'],
    SSL_CERT_FILE: caFile,
    REQUESTS_CA_BUNDLE: caFile,
  }
  const child = spawn(program!, args, { env, stdio: ['pipe', 'pipe', 'pipe'] })
  const exited = once(child, 'exit')
  let complaints = ''
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => (complaints += chunk))
  const send = (line: string): unknown => child.stdin.write(`${line}\n`)
  send(JSON.stringify({ redirect: '', parameters: {}, style: 0, pkce: true, ...order }))
  let driven: Driven | undefined
  let answering: Promise<unknown> | undefined
  for await (const line of createInterface({ input: child.stdout })) {
    const { open, device, tokens, error } = JSON.parse(line) as Said
    if (open !== undefined) send(await answers.open!(open))
    if (device) answering = answers.device!(device.uri, device.code)
    if (tokens || error !== undefined) driven = { tokens: tokens ?? [], error }
  }
  await Promise.all([answering, exited])
  if (!driven) throw new Error(`${program} failed: ${complaints.trim()}`)
  return driven
}

interface Said {
  readonly open?: string
  readonly device?: { readonly uri: string; readonly code: string }
  readonly tokens?: readonly JsonObject[]
  readonly error?: string
}
