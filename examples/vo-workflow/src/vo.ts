import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { openIssuer, DevelopmentLogin } from '@scitokens/issuer'

/** The issuer of the VO, with tokens so short-lived that every job outlives its first one. */
export async function startIssuer(lifetime: number): Promise<{ url: string; close: () => Promise<void> }> {
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const issuer = await openIssuer({
    issuer: url,
    dangerouslyAllowLoopbackHttp: true,
    storage: { memory: true },
    login: new DevelopmentLogin(),
    lifetime,
    deviceIntervalSeconds: 1,
    clients: [
      {
        clientId: 'submit-host',
        clientName: 'LIGO submit host',
        redirectUris: ['http://127.0.0.1/callback'],
        // Everybody reads the input; output goes to one's own directory.
        scopes: ['read:/input', 'read:/output/{sub}', 'write:/output/{sub}'],
        audiences: ['https://storage.ligo.example'],
      },
    ],
  })
  await issuer.listen({ port })
  return { url, close: () => issuer.close() }
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}
