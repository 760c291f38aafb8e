import { KeySet, type KeySource, verifyToken } from '@scitokens/core'
import {
  type ClientOptions,
  createIssuer,
  type Issuer,
  type IssuerOptions,
  MemoryAudit,
  type RealmOptions,
} from '@scitokens/issuer'
import { onTestFinished } from 'vitest'

/** A clock that only a test moves. */
export class TestClock {
  now = 1_800_000_000

  readonly read = (): number => this.now

  advance(seconds: number): void {
    this.now += seconds
  }
}

export const SECRET: string = 'a-generated-secret-of-enough-length'

/** An issuer in this process, closed with the test. */
export interface Harness {
  readonly issuer: Issuer
  readonly url: string
  readonly audit: MemoryAudit
  readonly clock: TestClock
  /** Posts a form to the token endpoint by the `robot` client, unless other headers are given. */
  readonly token: (
    form: Record<string, string> | [string, string][],
    headers?: Record<string, string>,
  ) => Promise<Reply>
  readonly post: (
    path: string,
    form: Record<string, string> | [string, string][],
    headers?: Record<string, string>,
  ) => Promise<Reply>
  /** The claims of a token of this issuer, verified by its JWKS as it is published. */
  readonly claims: (token: string) => Promise<Record<string, unknown>>
}

export interface Reply {
  readonly status: number
  readonly headers: Record<string, unknown>
  readonly body: Record<string, unknown>
}

export function basic(id: string, secret: string): Record<string, string> {
  return { authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}` }
}

export const ROBOT: ClientOptions = {
  clientId: 'robot',
  clientSecret: SECRET,
  scopes: ['read:/store', 'write:/store/user/{sub}', 'compute.read'],
  audiences: ['https://se.example.org', 'https://ce.example.org', 'ANY'],
  defaultAudience: 'https://se.example.org',
}

/** Starts an issuer at https://issuer.example/vo with the client `robot`; requests go through Fastify's injection. */
export async function startIssuer(
  realm: Partial<RealmOptions> = {},
  more: Partial<IssuerOptions> = {},
): Promise<Harness> {
  const audit = new MemoryAudit()
  const clock = new TestClock()
  const issuer = await createIssuer({
    issuer: 'https://issuer.example/vo',
    clients: [ROBOT],
    storage: { memory: true },
    audit,
    clock: clock.read,
    ...realm,
    ...more,
  })
  onTestFinished(() => issuer.close())
  const server = issuer.buildServer()
  const url = issuer.realms[0]!.issuer
  const path = new URL(url).pathname.replace(/\/$/, '')
  const post: Harness['post'] = async (place, form, headers = basic('robot', SECRET)) => {
    const reply = await server.inject({
      method: 'POST',
      url: path + place,
      headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
      payload: new URLSearchParams(form).toString(),
    })
    return { status: reply.statusCode, headers: reply.headers, body: reply.body === '' ? {} : reply.json() }
  }
  return {
    issuer,
    url,
    audit,
    clock,
    post,
    token: (form, headers) => post('/token', form, headers),
    claims: async (token) => {
      const keySet = await KeySet.fromJwks((await server.inject(`${path}/jwks`)).json())
      const keys: KeySource = { getKeySet: () => keySet }
      return (await verifyToken(token, { keys, issuers: [url] })).claims
    },
  }
}
