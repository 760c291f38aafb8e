import type { Issuer } from '@scitokens/issuer'

/** A page as a person gets it. */
export interface Seen {
  readonly status: number
  readonly url: string
  readonly text: string
  readonly headers: Record<string, unknown>
  /** Set where the issuer sent the person away, to the application. */
  readonly leftTo: URL | undefined
}

/** A browser without JavaScript: keeps cookies, follows redirects within the issuer, fills in forms. */
export class Browser {
  readonly #server: ReturnType<Issuer['buildServer']>
  readonly #origin: string
  readonly cookies: Map<string, string> = new Map()

  constructor(issuer: Issuer) {
    this.#server = issuer.buildServer()
    this.#origin = new URL(issuer.realms[0]!.issuer).origin
  }

  open(url: string | URL): Promise<Seen> {
    return this.#request('GET', new URL(url, this.#origin))
  }

  /** Sends a form of a page, by default its first: the hidden fields, and what the person fills in or clicks. */
  submit(page: Seen, fields: Record<string, string> = {}, to: string = ''): Promise<Seen> {
    const forms = [...page.text.matchAll(/<form[^>]* action="([^"]*)".*?<\/form>/gs)]
    const [form, action] = forms.find(([, target]) => target!.endsWith(to)) ?? []
    if (form === undefined) throw new Error(`no such form on this page: ${page.text}`)
    const hidden = [...form.matchAll(/<input type="hidden" name="([^"]*)" value="([^"]*)"/g)].map(
      ([, name, value]) => [name!, value!] as const,
    )
    return this.#request('POST', new URL(action ?? '', page.url), { ...Object.fromEntries(hidden), ...fields })
  }

  post(url: string | URL, fields: Record<string, string>): Promise<Seen> {
    return this.#request('POST', new URL(url, this.#origin), fields)
  }

  async #request(method: 'GET' | 'POST', url: URL, fields?: Record<string, string>): Promise<Seen> {
    const reply = await this.#server.inject({
      method,
      url: url.pathname + url.search,
      headers: {
        cookie: [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; '),
        ...(fields ? { 'content-type': 'application/x-www-form-urlencoded' } : {}),
      },
      ...(fields ? { payload: new URLSearchParams(fields).toString() } : {}),
    })
    for (const cookie of [reply.headers['set-cookie'] ?? []].flat()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(cookie)!
      if (/Max-Age=0/.test(cookie)) this.cookies.delete(name!)
      else this.cookies.set(name!, value!)
    }
    const location = reply.headers.location
    if (location !== undefined) {
      const next = new URL(location, url)
      if (next.origin === this.#origin) return this.#request('GET', next)
      return { status: reply.statusCode, url: url.href, text: '', headers: reply.headers, leftTo: next }
    }
    return { status: reply.statusCode, url: url.href, text: reply.body, headers: reply.headers, leftTo: undefined }
  }
}
