import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type ClientOptions, openIssuer, DevelopmentLogin, type IssuerOptions } from '@scitokens/issuer'
import { Agent, request } from 'node:https'
import { type Authority, createAuthority, signServerCertificate } from './certificates.ts'
import { freePort } from './ports.ts'

/** A VO's issuer on TLS with a CA of its own, and the directory everything of the rig lives in. */
export interface Vo {
  readonly dir: string
  readonly authority: Authority
  readonly issuer: string
  /** Posts a form to an endpoint of the issuer; `client` goes into Basic authentication. */
  post(path: string, form: Readonly<Record<string, string>>, client?: { id: string; secret: string }): Promise<Reply>
  /** An access token by client credentials. Throws with the issuer's error. */
  token(client: { id: string; secret: string }, form?: Readonly<Record<string, string>>): Promise<string>
  stop(): Promise<void>
}

/** An answer of the issuer. */
export interface Reply {
  readonly status: number
  readonly body: Readonly<Record<string, unknown>>
}

/** Starts an issuer over TLS. */
export async function startVo(
  clients: readonly ClientOptions[],
  options: Pick<IssuerOptions, 'keys' | 'maintenanceIntervalMs' | 'deviceIntervalSeconds' | 'registration'> = {},
): Promise<Vo> {
  const dir = mkdtempSync(join(tmpdir(), 'scitokens-interop-'))
  // Servers that run under accounts of their own must be able to enter.
  chmodSync(dir, 0o755)
  const authority = createAuthority(dir)
  const server = signServerCertificate(dir, 'issuer', authority)
  const port = await freePort()
  const issuer = `https://localhost:${port}`
  const running = await openIssuer({
    issuer,
    clients,
    algorithms: ['ES256', 'RS256'],
    storage: { file: join(dir, 'issuer.sqlite') },
    login: new DevelopmentLogin(),
    ...options,
  })
  const app = running.buildServer({
    https: { key: readFileSync(server.key), cert: readFileSync(server.certificate) },
  } as never)
  await app.listen({ host: '127.0.0.1', port })

  const agent = new Agent({ ca: readFileSync(authority.certificate), keepAlive: true })
  const post: Vo['post'] = async (path, form, client) => {
    const headers: Record<string, string> = { 'content-type': 'application/x-www-form-urlencoded' }
    if (client) headers['authorization'] = `Basic ${Buffer.from(`${client.id}:${client.secret}`).toString('base64')}`
    const { status, text } = await send(`${issuer}${path}`, agent, headers, new URLSearchParams(form).toString())
    return { status, body: JSON.parse(text) as Record<string, unknown> }
  }
  return {
    dir,
    authority,
    issuer,
    post,
    token: async (client, form = {}) => {
      const { status, body } = await post('/token', { grant_type: 'client_credentials', ...form }, client)
      if (status !== 200) throw new Error(`the issuer answered ${status} ${JSON.stringify(body)}`)
      return body['access_token'] as string
    },
    stop: async () => {
      agent.destroy()
      await running.close()
      rmSync(dir, { recursive: true, force: true })
    },
  }
}

function send(
  url: string,
  agent: Agent,
  headers: Record<string, string>,
  body: string,
): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const call = request(url, { method: 'POST', agent, headers }, (response) => {
      let text = ''
      response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text })).on('error', reject)
    })
    call.on('error', reject).end(body)
  })
}
