import { Agent, request } from 'node:https'
import { readFileSync } from 'node:fs'
import type { Vo } from './vo.ts'

/** A page as a person sees it. */
export interface Page {
  readonly url: URL
  readonly status: number
  readonly text: string
}

/** A person with a browser that keeps cookies and fills in forms. */
export class Person {
  readonly #name: string
  readonly #agent: Agent
  readonly #cookies = new Map<string, string>()

  constructor(name: string, vo: Pick<Vo, 'authority'>) {
    this.#name = name
    this.#agent = new Agent({ ca: readFileSync(vo.authority.certificate), keepAlive: false })
  }

  /** Opens the link that a device shows, logs in, types the code where asked, and allows. */
  async approveDevice(verificationUri: string, userCode: string): Promise<Page> {
    let page = await this.#logIn(await this.#open(new URL(verificationUri)))
    if (!page.text.includes('value="allow"')) page = await this.#submit(page, { user_code: userCode })
    return this.#submit(page, { answer: 'allow' })
  }

  /** Follows an application's authorization request, logs in, and answers: where the browser ends up. */
  async answer(authorizeUrl: string, answer: 'allow' | 'deny' = 'allow'): Promise<string> {
    const page = await this.#logIn(await this.#open(new URL(authorizeUrl)))
    if (!page.text.includes(`value="${answer}"`)) throw new Error(`the issuer does not ask: ${page.url.href}`)
    return (await this.#submit(page, { answer })).url.href
  }

  async #logIn(page: Page): Promise<Page> {
    return page.text.includes('name="subject"') ? this.#submit(page, { subject: this.#name }) : page
  }

  #submit(page: Page, fields: Readonly<Record<string, string>>): Promise<Page> {
    const action = /<form[^>]* action="([^"]*)"/.exec(page.text)?.[1]
    if (action === undefined) throw new Error(`there is no form on the page ${page.url.pathname} (${page.status})`)
    const hidden = [...page.text.matchAll(/<input type="hidden" name="([^"]*)" value="([^"]*)"/g)]
    const all = { ...Object.fromEntries(hidden.map(([, name, value]) => [name, value])), ...fields }
    return this.#open(new URL(action, page.url), new URLSearchParams(all as Record<string, string>).toString())
  }

  #open(url: URL, body?: string): Promise<Page> {
    return new Promise<Page | URL>((resolve, reject) => {
      const headers = {
        cookie: [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; '),
        ...(body === undefined ? {} : { 'content-type': 'application/x-www-form-urlencoded', origin: url.origin }),
      }
      const call = request(
        url,
        { method: body === undefined ? 'GET' : 'POST', agent: this.#agent, headers },
        (response) => {
          for (const cookie of response.headers['set-cookie'] ?? []) {
            const [, name, value] = /^([^=]+)=([^;]*)/.exec(cookie) ?? []
            if (name !== undefined && value !== undefined) this.#cookies.set(name, value)
          }
          const { location } = response.headers
          let text = ''
          response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
          response.on('end', () =>
            resolve(location === undefined ? { url, status: response.statusCode ?? 0, text } : new URL(location, url)),
          )
        },
      )
      call.on('error', reject).end(body)
    }).then((answer) => {
      if (!(answer instanceof URL)) return answer
      // Outside the issuer is the application: nobody listens there.
      return answer.origin === url.origin ? this.#open(answer) : { url: answer, status: 303, text: '' }
    })
  }
}
