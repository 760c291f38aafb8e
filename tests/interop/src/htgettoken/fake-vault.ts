import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { type Authority, signServerCertificate } from '../certificates.ts'

/** What htgettoken asks of a Vault with OpenBao's OIDC and JWT plugins, as far as a token that is kept there needs it. */
export interface FakeVault {
  readonly url: string
  /** Each question: path with query, and the vault token that came with it. */
  readonly asked: { readonly path: string; readonly vaultToken: string | undefined }[]
  stop(): Promise<void>
}

/** Gets a token for what htgettoken asked for: `scopes` and `audiences`, where it did. */
export type AccessToken = (asked: URLSearchParams) => Promise<string>

/** Plays a Vault that keeps one user's login: whoever has `vaultToken` gets what `accessToken` gives. */
export async function startFakeVault(
  dir: string,
  authority: Authority,
  { vaultToken, accessToken }: { readonly vaultToken: string; readonly accessToken: AccessToken },
): Promise<FakeVault> {
  const certificate = signServerCertificate(dir, 'vault', authority)
  const tls = { cert: readFileSync(certificate.certificate), key: readFileSync(certificate.key) }
  const asked: { path: string; vaultToken: string | undefined }[] = []
  const server = createServer(tls, (request, response) => {
    const sent = request.headers['x-vault-token']
    asked.push({ path: request.url!, vaultToken: typeof sent === 'string' ? sent : undefined })
    const answer = (status: number, body: object): void => {
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
    }
    if (sent !== vaultToken) return answer(403, { errors: ['permission denied'] })
    if (!/^\/v1\/secret\/oauth\/(?:creds|sts)\//.test(request.url!)) return answer(404, { errors: [] })
    accessToken(new URL(request.url!, 'https://localhost').searchParams).then(
      (token) => answer(200, { data: { access_token: token } }),
      () => answer(500, { errors: ['the issuer gave no token'] }),
    )
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `https://localhost:${(server.address() as AddressInfo).port}`,
    asked,
    stop: async () => {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}
