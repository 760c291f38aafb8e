import { randomUUID } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createTestIssuer, type TestClock } from '@scitokens/core/testing'
import { onTestFinished } from 'vitest'

/** A refresh token of the test issuer: rotated at each use, and repeated for a retry within the grace time. */
interface Login {
  current: string
  previous: string | undefined
  successor: string | undefined
  rotatedAt: number
  revoked: boolean
}

/**
 * A small authorization server over real HTTP, with refresh rotation and grace, exchange, revocation, device and code grants,
 * and the faults that a submit host has to survive.
 */
export class TestIssuer {
  /** Requests that reached the token endpoint, by grant type. */
  readonly requests: URLSearchParams[] = []
  readonly revoked: string[] = []
  /** Answer 503 with this Retry-After. */
  down: { retryAfter?: number } | undefined
  /** So often: do the work, then break the connection before a byte of the answer. */
  loseReplies = 0
  /** Wait for this before answering. */
  gate: Promise<void> | undefined
  lifetime = 1200
  grace = 300
  rotate = true
  exchange = true
  /** Give a refresh token for a token that is exchanged, to whoever asks for one. */
  exchangeForLogin = false
  /** Device codes answer with this until it is changed. */
  deviceAnswer: 'authorization_pending' | 'slow_down' | 'access_denied' | 'expired_token' | 'yes' = 'yes'
  /** Called for every request that comes in, served or not. */
  onRequest: (() => void) | undefined
  readonly clock: TestClock
  #logins: Login[] = []
  readonly #signer: Awaited<ReturnType<typeof createTestIssuer>>
  readonly #server = createServer((request, response) => {
    this.#handle(request, response).catch(() => response.destroy())
  })

  private constructor(signer: Awaited<ReturnType<typeof createTestIssuer>>) {
    this.#signer = signer
    this.clock = signer.clock
  }

  /** Starts one; it ends with the test. */
  static async start(): Promise<TestIssuer> {
    const issuer = new TestIssuer(await createTestIssuer())
    await new Promise<void>((resolve) => issuer.#server.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => {
      issuer.#server.closeAllConnections()
      issuer.#server.close()
    })
    return issuer
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  /** Number of token requests with this grant type. */
  count(grantType: string): number {
    return this.requests.filter((request) => request.get('grant_type') === grantType).length
  }

  /** A refresh token, as a login gives it. */
  login(): string {
    const current = `rt-${randomUUID()}`
    this.#logins.push({ current, previous: undefined, successor: undefined, rotatedAt: 0, revoked: false })
    return current
  }

  /** Ends every login. */
  revokeAll(): void {
    for (const login of this.#logins) login.revoked = true
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Uint8Array[] = []
    for await (const chunk of request) chunks.push(chunk as Uint8Array)
    const body = new URLSearchParams(Buffer.concat(chunks).toString())
    const path = new URL(request.url!, this.url).pathname
    this.onRequest?.()
    if (this.down) {
      if (this.down.retryAfter !== undefined) response.setHeader('retry-after', String(this.down.retryAfter))
      return void response.writeHead(503).end()
    }
    if (path === '/token') this.requests.push(body)
    await this.gate
    const [status, document] = await this.#answer(path, body, request)
    if (path === '/token' && this.loseReplies > 0) {
      this.loseReplies -= 1
      return void response.destroy()
    }
    response
      .writeHead(status, { 'content-type': 'application/json' })
      .end(document === undefined ? '' : JSON.stringify(document))
  }

  async #answer(path: string, body: URLSearchParams, request: IncomingMessage): Promise<[number, unknown]> {
    switch (path) {
      case '/.well-known/openid-configuration':
        return [200, this.#metadata()]
      case '/device':
        return [
          200,
          {
            device_code: 'dc',
            user_code: 'ABCD-EFGH',
            verification_uri: `${this.url}/go`,
            verification_uri_complete: `${this.url}/go?user_code=ABCD-EFGH`,
            expires_in: 600,
            interval: 1,
          },
        ]
      case '/authorize': {
        const query = new URL(request.url!, this.url).searchParams
        const target = new URL(query.get('redirect_uri')!)
        target.search = new URLSearchParams({ code: 'code', state: query.get('state')!, iss: this.url }).toString()
        return [200, { location: target.href }]
      }
      case '/revoke':
        this.revoked.push(body.get('token')!)
        return [200, undefined]
      case '/token':
        return this.#token(body)
      default:
        return [404, { error: 'not_found' }]
    }
  }

  #metadata(): object {
    const exchange = 'urn:ietf:params:oauth:grant-type:token-exchange'
    return {
      issuer: this.url,
      token_endpoint: `${this.url}/token`,
      authorization_endpoint: `${this.url}/authorize`,
      device_authorization_endpoint: `${this.url}/device`,
      revocation_endpoint: `${this.url}/revoke`,
      authorization_response_iss_parameter_supported: true,
      grant_types_supported: ['refresh_token', 'client_credentials', ...(this.exchange ? [exchange] : [])],
      response_types_supported: ['code'],
    }
  }

  async #token(body: URLSearchParams): Promise<[number, unknown]> {
    switch (body.get('grant_type')) {
      case 'refresh_token':
        return this.#refresh(body)
      case 'urn:ietf:params:oauth:grant-type:device_code':
        return this.deviceAnswer === 'yes' ? this.#grant(body, this.login()) : [400, { error: this.deviceAnswer }]
      case 'authorization_code':
        return this.#grant(body, this.login())
      case 'urn:ietf:params:oauth:grant-type:token-exchange':
        return this.#grant(body, this.exchangeForLogin && asksForLogin(body) ? this.login() : undefined)
      default:
        return this.#grant(body, undefined)
    }
  }

  #refresh(body: URLSearchParams): Promise<[number, unknown]> | [number, unknown] {
    const presented = body.get('refresh_token')
    const login = this.#logins.find(({ current, previous }) => current === presented || previous === presented)
    if (!login || login.revoked) return [400, { error: 'invalid_grant' }]
    if (!this.rotate) return this.#grant(body, undefined)
    if (login.previous === presented) {
      if (this.clock() - login.rotatedAt <= this.grace) return this.#grant(body, login.current)
      login.revoked = true // reuse after the grace time ends the family
      return [400, { error: 'invalid_grant' }]
    }
    Object.assign(login, { previous: login.current, current: `rt-${randomUUID()}`, rotatedAt: this.clock() })
    return this.#grant(body, login.current)
  }

  async #grant(body: URLSearchParams, refreshToken: string | undefined): Promise<[number, unknown]> {
    const asked = body.get('scope')?.split(' ') ?? ['read:/']
    const scope = asked.filter((item) => item !== 'offline_access').join(' ')
    // `offline_access` only adds to something else.
    if (scope.includes('forbidden') || scope === '') return [400, { error: 'invalid_scope' }]
    const audience = body.getAll('audience')
    const aud = audience.length === 0 ? 'ANY' : audience.length === 1 ? audience[0]! : audience
    const token = await this.#signer.sign({ iss: this.url, scope, aud }, { lifetime: this.lifetime })
    const exchange = body.get('grant_type')?.endsWith('token-exchange')
    return [
      200,
      {
        access_token: token,
        token_type: 'Bearer',
        expires_in: this.lifetime,
        scope,
        ...(refreshToken === undefined ? {} : { refresh_token: refreshToken }),
        ...(exchange ? { issued_token_type: 'urn:ietf:params:oauth:token-type:access_token' } : {}),
      },
    ]
  }
}

/** By scope or by type. RFC 8693 section 2.1. */
function asksForLogin(body: URLSearchParams): boolean {
  const scopes = body.get('scope')?.split(' ') ?? []
  return scopes.includes('offline_access') || body.get('requested_token_type')?.endsWith(':refresh_token') === true
}
