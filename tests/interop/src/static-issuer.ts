import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { type JsonObject, type Jwk, SigningKey } from '@scitokens/core'
import { type Authority, signServerCertificate } from './certificates.ts'

/** An issuer that publishes fixed keys over TLS, and does nothing else. */
export interface KeyServer {
  readonly issuer: string
  stop(): Promise<void>
}

/** A {@link KeyServer} that signs whatever it is told, also what no good issuer would. */
export interface StaticIssuer extends KeyServer {
  /** Signs a token as given: header and claims are not completed and not judged. */
  sign(header: JsonObject, claims: JsonObject, key?: SigningKey): Promise<string>
  readonly keys: { readonly es: SigningKey; readonly rs: SigningKey; readonly unpublished: SigningKey }
}

/** Publishes keys as a plain web server does: metadata and key set are two fixed documents. */
export async function publishKeys(dir: string, authority: Authority, keys: readonly Jwk[]): Promise<KeyServer> {
  const certificate = signServerCertificate(dir, 'static-issuer', authority)
  const tls = { cert: readFileSync(certificate.certificate), key: readFileSync(certificate.key) }
  const server = createServer(tls, ({ url }, response) => {
    const document =
      url === '/jwks' ? { keys } : { issuer, jwks_uri: `${issuer}/jwks`, token_endpoint: `${issuer}/token` }
    response.setHeader('content-type', 'application/json').end(JSON.stringify(document))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const issuer = `https://localhost:${(server.address() as AddressInfo).port}`
  return {
    issuer,
    stop: async () => {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

/** Starts a {@link StaticIssuer} on a free port. */
export async function startStaticIssuer(dir: string, authority: Authority): Promise<StaticIssuer> {
  const keys = {
    es: await SigningKey.generate('ES256', { kid: 'es' }),
    rs: await SigningKey.generate('RS256', { kid: 'rs' }),
    unpublished: await SigningKey.generate('ES256', { kid: 'es' }),
  }
  return {
    ...(await publishKeys(dir, authority, [keys.es.publicJwk, keys.rs.publicJwk])),
    keys,
    sign: async (header, claims, key = header['alg'] === 'RS256' ? keys.rs : keys.es) => {
      const encode = (value: JsonObject): string => Buffer.from(JSON.stringify(value)).toString('base64url')
      const input = `${encode(header)}.${encode(claims)}`
      const signature = await key.sign(new Uint8Array(Buffer.from(input)))
      return `${input}.${Buffer.from(signature).toString('base64url')}`
    },
  }
}
