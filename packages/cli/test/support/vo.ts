import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { openIssuer, DevelopmentLogin } from '@scitokens/issuer'
import { onTestFinished } from 'vitest'

/** A secret as long as the issuer wants it. */
export const CLIENT_SECRET = 'a-secret-of-more-than-16-characters'

/** A real issuer on this machine: a public client for people, a confidential one for a robot. */
export async function startVo(lifetime = 3600): Promise<{ url: string; stop: () => Promise<void> }> {
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const scopes = ['read:/store', 'write:/store/{sub}']
  const issuer = await openIssuer({
    issuer: url,
    dangerouslyAllowLoopbackHttp: true,
    storage: { memory: true },
    login: new DevelopmentLogin(),
    lifetime,
    deviceIntervalSeconds: 1,
    registration: { scopes, audiences: ['*'] },
    clients: [
      { clientId: 'cli', redirectUris: ['http://127.0.0.1/callback'], scopes, audiences: ['*'] },
      { clientId: 'robot', clientSecret: CLIENT_SECRET, scopes: ['read:/store'], audiences: ['*'] },
    ],
  })
  await issuer.listen({ port })
  let stopped = false
  const stop = async (): Promise<void> => {
    if (!stopped) await issuer.close()
    stopped = true
  }
  onTestFinished(stop)
  return { url, stop }
}

/** A port that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

/** A person at a browser without JavaScript: keeps cookies, follows redirects, fills in forms. */
export class Person {
  readonly #cookies = new Map<string, string>()
  readonly #subject: string

  constructor(subject: string) {
    this.#subject = subject
  }

  /** Goes from page to page, as `subject`, saying yes, until there is nothing left to fill in; answers the last page. */
  async agree(url: string): Promise<string> {
    let page = await this.#request(new URL(url))
    for (let step = 0; step < 6; step++) {
      const action = /<form[^>]* action="([^"]*)"/.exec(page.text)?.[1]
      if (action === undefined) return page.text
      const fields = new URLSearchParams({ subject: this.#subject, answer: 'allow' })
      for (const [, name, value] of page.text.matchAll(/<input[^>]* name="([^"]*)"[^>]* value="([^"]*)"/g))
        fields.set(name!, value!)
      // oxlint-disable-next-line no-await-in-loop -- one page after the other
      page = await this.#request(new URL(action, page.url), fields)
    }
    return page.text
  }

  async #request(url: URL, fields?: URLSearchParams): Promise<{ url: URL; text: string }> {
    const response = await fetch(url, {
      method: fields ? 'POST' : 'GET',
      headers: { cookie: [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; ') },
      redirect: 'manual',
      ...(fields ? { body: fields } : {}),
    })
    for (const cookie of response.headers.getSetCookie()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(cookie)!
      this.#cookies.set(name!, value!)
    }
    const location = response.headers.get('location')
    if (location !== null) return this.#request(new URL(location, url))
    return { url, text: await response.text() }
  }
}
