import { createHash, randomBytes } from 'node:crypto'
import { KeySet, type KeySource, verifyToken } from '@scitokens/core'
import {
  type ClientOptions,
  openIssuer,
  DevelopmentLogin,
  type Issuer,
  type IssuerOptions,
  MemoryAudit,
  type RealmOptions,
} from '@scitokens/issuer'
import { onTestFinished } from 'vitest'
import { Browser } from './browser.ts'

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

export const REDIRECT = 'https://app.example/callback'

/** An application that people use, at an issuer on this machine with the development login. */
export const APP: ClientOptions = {
  clientId: 'app',
  clientSecret: SECRET,
  clientName: 'Analysis Portal',
  grants: [
    'authorization_code',
    'refresh_token',
    'urn:ietf:params:oauth:grant-type:device_code',
    'urn:ietf:params:oauth:grant-type:token-exchange',
  ],
  redirectUris: [REDIRECT],
  scopes: ['read:/store', 'write:/store/user/{sub}'],
  audiences: ['https://se.example.org', 'https://ce.example.org'],
  defaultAudience: 'https://se.example.org',
}

/** Starts an issuer on which people can log in. */
export function startIssuerForPeople(
  realm: Partial<RealmOptions> = {},
  more: Partial<IssuerOptions> = {},
): Promise<Harness> {
  return startIssuer(
    { issuer: 'http://127.0.0.1:9999/vo', clients: [ROBOT, APP], login: new DevelopmentLogin(), ...realm },
    { dangerouslyAllowLoopbackHttp: true, ...more },
  )
}

/** Where the application `app`, unless another is named, sends a person. */
export function authorizeUrl({ url }: Harness, codeChallenge: string, query: Record<string, string> = {}): URL {
  const address = new URL(`${url}/authorize`)
  address.search = new URLSearchParams({
    response_type: 'code',
    client_id: 'app',
    redirect_uri: REDIRECT,
    code_challenge: codeChallenge,
    code_challenge_method: 'S256',
    ...query,
  }).toString()
  return address
}

/** Who logs in, at which application, by which browser. */
export interface LoginOptions {
  readonly client?: string
  readonly subject?: string
  readonly groups?: string
  readonly form?: Record<string, string>
  readonly browser?: Browser
}

/** Logs in, consents and redeems the code: the reply of the token endpoint. */
export async function loginByCode(
  harness: Harness,
  query: Record<string, string> = {},
  options: LoginOptions = {},
): Promise<Reply> {
  return redeem(harness, await getCode(harness, query, options), options)
}

/** What an application has when the person came back. */
export interface Code {
  readonly code: string
  readonly verifier: string
}

/** Redeems a code. */
export function redeem(
  harness: Harness,
  { code, verifier }: Code,
  { client = 'app', form = {} }: LoginOptions = {},
): Promise<Reply> {
  const grant = { grant_type: 'authorization_code', code, redirect_uri: REDIRECT, code_verifier: verifier }
  return harness.token({ ...grant, ...form }, basic(client, SECRET))
}

/** Logs in and consents. */
export async function getCode(
  harness: Harness,
  query: Record<string, string> = {},
  options: LoginOptions = {},
): Promise<Code> {
  const { client = 'app', subject = 'ana', groups = '', browser = new Browser(harness.issuer) } = options
  const verifier = randomBytes(32).toString('base64url')
  const challenge = createHash('sha256').update(verifier).digest('base64url')
  const login = await browser.open(authorizeUrl(harness, challenge, { client_id: client, ...query }))
  const consent = await browser.submit(login, { subject, groups })
  if (consent.leftTo) throw new Error(`refused: ${consent.leftTo.href}`)
  const done = await browser.submit(consent, { answer: 'allow' })
  const code = done.leftTo?.searchParams.get('code')
  if (code == null) throw new Error(`no code: ${done.leftTo?.href ?? done.text}`)
  return { code, verifier }
}

/** Starts an issuer at https://issuer.example/vo with the client `robot`; requests go through Fastify's injection. */
export async function startIssuer(
  realm: Partial<RealmOptions> = {},
  more: Partial<IssuerOptions> = {},
): Promise<Harness> {
  const audit = new MemoryAudit()
  const clock = new TestClock()
  const issuer = await openIssuer({
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
