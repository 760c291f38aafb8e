/** A page as a person gets it. */
export interface WebPage {
  readonly status: number
  readonly url: URL
  readonly text: string
}

/** A browser without JavaScript over real HTTP: cookies by host, redirects, forms. Cookies do not tell ports apart. */
export class WebBrowser {
  readonly cookies: Map<string, string> = new Map()
  /** Addresses that were visited, in order. */
  readonly visited: URL[] = []

  async open(url: string | URL, form?: Readonly<Record<string, string>>): Promise<WebPage> {
    const target = new URL(url)
    this.visited.push(target)
    const response = await fetch(target, {
      redirect: 'manual',
      headers: { cookie: [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ') },
      ...(form && { method: 'POST', body: new URLSearchParams(form) }),
    })
    for (const cookie of response.headers.getSetCookie()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(cookie)!
      if (value === '' || /max-age=0/i.test(cookie)) this.cookies.delete(name!)
      else this.cookies.set(name!, value!)
    }
    const location = response.headers.get('location')
    const text = await response.text()
    return location === null ? { status: response.status, url: target, text } : this.open(new URL(location, target))
  }

  /** Sends the form of a page with its hidden fields and what the person fills in. */
  submit(page: WebPage, fields: Readonly<Record<string, string>> = {}): Promise<WebPage> {
    const action = /<form[^>]* action="([^"]*)"/.exec(page.text)?.[1]
    if (action === undefined) throw new Error(`no form on ${page.url.href}: ${page.text}`)
    const hidden = [...page.text.matchAll(/<input type="hidden" name="([^"]*)" value="([^"]*)"/g)]
    return this.open(new URL(action.replaceAll('&amp;', '&'), page.url), {
      ...Object.fromEntries(hidden.map(([, name, value]) => [name!, value!])),
      ...fields,
    })
  }
}
