import { createHash, randomBytes } from 'node:crypto'
import { decodeUnverified } from '@scitokens/core'
import { WebBrowser } from '@scitokens-tests/programs/web-browser'

const SECRET = 'a-generated-secret-of-enough-length'
const EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange'

/** What the token endpoint said; undefined where the connection broke. */
export interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly body: Record<string, unknown>
}

/** An authorization code that nobody redeemed yet, as the form that redeems it. */
export type CodeForm = Readonly<Record<'grant_type' | 'code' | 'redirect_uri' | 'code_verifier', string>>

/** A client that remembers every token it was given, and every secret that it knows. */
export class FieldClient {
  readonly #url: string
  readonly #browser = new WebBrowser()
  /** `jti` of each access token that came. */
  readonly received: Set<string> = new Set()
  readonly secrets: Set<string> = new Set([SECRET])

  constructor(url: string) {
    this.#url = url
  }

  /** One request, with no retry. */
  async token(form: Record<string, string>, url: string = this.#url): Promise<Answer | undefined> {
    let answer: Answer
    try {
      const reply = await fetch(`${url}/token`, {
        method: 'POST',
        headers: { authorization: `Basic ${btoa(`app:${SECRET}`)}` },
        body: new URLSearchParams(form),
        signal: AbortSignal.timeout(60_000),
      })
      answer = { status: reply.status, headers: reply.headers, body: (await reply.json()) as Record<string, unknown> }
    } catch {
      return undefined
    }
    const { access_token: token, refresh_token: refresh } = answer.body
    if (typeof refresh === 'string') this.secrets.add(refresh)
    if (typeof token === 'string') {
      this.secrets.add(token.split('.')[2]!)
      this.received.add(decodeUnverified(token).getUnverified('jti') as string)
    }
    return answer
  }

  refresh(token: string, url: string = this.#url): Promise<Answer | undefined> {
    return this.token({ grant_type: 'refresh_token', refresh_token: token }, url)
  }

  /** The refresh token of a new family. */
  async family(): Promise<string> {
    const own = await this.token({ grant_type: 'client_credentials', scope: 'read:/store' })
    const subject = own!.body['access_token'] as string
    const answer = await this.token({
      grant_type: EXCHANGE,
      subject_token: subject,
      subject_token_type: 'urn:ietf:params:oauth:token-type:access_token',
      scope: 'offline_access read:/store',
    })
    if (answer?.status !== 200) throw new Error(`no refresh token: ${JSON.stringify(answer?.body)}`)
    return answer.body['refresh_token'] as string
  }

  /** Logs in where needed, consents, and returns the code unredeemed. */
  async code(): Promise<CodeForm> {
    const verifier = randomBytes(32).toString('base64url')
    const redirect = `${this.#url}/callback`
    const query = new URLSearchParams({
      response_type: 'code',
      client_id: 'app',
      redirect_uri: redirect,
      code_challenge: createHash('sha256').update(verifier).digest('base64url'),
      code_challenge_method: 'S256',
    })
    let page = await this.#browser.open(`${this.#url}/authorize?${query.toString()}`)
    if (page.text.includes('name="subject"')) page = await this.#browser.submit(page, { subject: 'ana', groups: '' })
    const done = await this.#browser.submit(page, { answer: 'allow' })
    const code = done.url.searchParams.get('code')
    if (code === null) throw new Error(`no code at ${done.url.href}: ${done.text}`)
    this.secrets.add(code).add(verifier)
    for (const cookie of this.#browser.cookies.values()) if (cookie.length > 16) this.secrets.add(cookie)
    return { grant_type: 'authorization_code', code, redirect_uri: redirect, code_verifier: verifier }
  }
}
