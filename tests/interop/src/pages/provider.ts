import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Provider } from 'oidc-provider'

/** Starts oidc-provider for the login of people at `issuer`; `tamper` may change its answers on their way. */
export async function startProvider(
  issuer: string,
  secret: string,
  tamper: (answer: URL) => void,
): Promise<{ readonly url: string; close(): void }> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  // Another host name than the issuer's: cookies do not tell ports apart.
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const provider = new Provider(url, {
    clients: [{ client_id: 'vo', client_secret: secret, redirect_uris: [`${issuer}/login`] }],
    findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id, name: `${id} at Home` }) }),
    claims: { openid: ['sub'], profile: ['name'] },
    conformIdTokenClaims: false,
    cookies: { keys: ['test'] },
  })
  const handle = provider.callback()
  server.on('request', (request, response) => {
    const setHeader = response.setHeader.bind(response)
    response.setHeader = (name, value) => {
      if (name.toLowerCase() !== 'location' || !String(value).startsWith(`${issuer}/login`))
        return setHeader(name, value)
      const answer = new URL(String(value))
      tamper(answer)
      return setHeader(name, answer.href)
    }
    void handle(request, response)
  })
  return {
    url,
    close: () => {
      server.closeAllConnections()
      server.close()
    },
  }
}
