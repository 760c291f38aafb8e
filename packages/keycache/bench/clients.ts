import { createRequire } from 'node:module'
import buildGetJwks from 'get-jwks'
import { createRemoteJWKSet } from 'jose'
import { JwksClient } from 'jwks-rsa'
import { KeyCache } from '../src/index.ts'
import type { BenchIssuer } from './issuer.ts'

/** A key client with its defaults, asked for a key by the name in a token's header. Rejects when there is none. */
export interface Client {
  getKey(kid: string): Promise<unknown>
  close(): Promise<void>
}

export interface ClientKind {
  readonly name: string
  create(issuer: BenchIssuer): Client
}

const require = createRequire(import.meta.url)
const versionOf = (name: string): string => (require(`${name}/package.json`) as { version: string }).version
const nothing = (): Promise<void> => Promise.resolve()

/** All in the same run, on the same server, each as its documentation shows it. */
export const clients: readonly ClientKind[] = [
  {
    name: '@scitokens/keycache',
    create: ({ issuer }) => {
      const cache = new KeyCache({ issuers: [issuer], store: 'memory', dangerouslyAllowLoopbackHttp: true })
      return { getKey: (kid) => cache.getKey(issuer, kid), close: () => cache.close() }
    },
  },
  {
    name: `jose ${versionOf('jose')} createRemoteJWKSet`,
    create: ({ jwksUri }) => {
      const keys = createRemoteJWKSet(new URL(jwksUri))
      return { getKey: (kid) => keys({ alg: 'ES256', kid }), close: nothing }
    },
  },
  {
    name: `jwks-rsa ${versionOf('jwks-rsa')}`,
    create: ({ jwksUri }) => {
      const client = new JwksClient({ jwksUri })
      return { getKey: (kid) => client.getSigningKey(kid), close: nothing }
    },
  },
  {
    name: `get-jwks ${versionOf('get-jwks')}`,
    create: ({ issuer }) => {
      const client = buildGetJwks({ providerDiscovery: true, issuersWhitelist: [`${issuer}/`] })
      return { getKey: (kid) => client.getPublicKey({ domain: issuer, alg: 'ES256', kid }), close: nothing }
    },
  },
]
