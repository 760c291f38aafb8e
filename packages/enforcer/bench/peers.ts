import { createPrivateKey, createPublicKey, sign, verify } from 'node:crypto'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { TestIssuer } from '@scitokens/core/testing'
import { auth } from 'express-oauth2-jwt-bearer'
import { createVerifier } from 'fast-jwt'
import { importJWK, jwtVerify } from 'jose'
import jsonwebtoken from 'jsonwebtoken'
import type { Candidate } from './measure.ts'

/** The checks that a user of a plain JWT library writes by hand: the scope, split at spaces, and a path by components. */
export function allowsByHand(scope: unknown, authz: string, path: string): boolean {
  if (typeof scope !== 'string') throw new Error('no scope')
  const allowed = scope.split(' ').some((item) => {
    const colon = item.indexOf(':')
    if (item.slice(0, colon) !== authz) return false
    const granted = item.slice(colon + 1)
    return path === granted || path.startsWith(granted.endsWith('/') ? granted : `${granted}/`)
  })
  if (!allowed) throw new Error('not allowed')
  return allowed
}

/** Peers, each with the same key, issuer and audience, and the hand-written check. */
export interface Peers {
  readonly candidates: Readonly<Record<string, Candidate>>
  readonly cached: Readonly<Record<string, Candidate>>
  close(): void
}

/** Makes all peers ready, for tokens of one issuer. */
export async function createPeers(
  { issuer, key, jwks }: TestIssuer,
  audience: string,
  tokens: readonly string[],
): Promise<Peers> {
  const alg = key.alg as 'ES256' | 'RS256'
  const publicKey = createPublicKey({ key: { ...jwks.keys[0] }, format: 'jwk' })
  const pem = publicKey.export({ type: 'spki', format: 'pem' }) as string
  const token = (i: number): string => tokens[i % tokens.length]!
  const hand = (claims: unknown): boolean => allowsByHand((claims as { scope?: unknown }).scope, 'read', '/store/file')

  // Bare is the quickest form of node:crypto's operation, and nothing else: the key itself and, for ES256, signatures in DER.
  const privateKey = createPrivateKey({ key: { ...key.exportJwk() }, format: 'jwk' })
  const parts = tokens.map((text) => {
    const dot = text.lastIndexOf('.')
    const data = Buffer.from(text.slice(0, dot))
    return { data, der: sign('sha256', data, privateKey), signature: Buffer.from(text.slice(dot + 1), 'base64url') }
  })
  const asUsual = { key: publicKey, dsaEncoding: 'ieee-p1363' as const }
  const options = { key: pem, algorithms: [alg], allowedAud: audience, allowedIss: issuer }
  const fast = createVerifier({ ...options, cache: false })
  const fastCached = createVerifier({ ...options, cache: true })
  const joseKey = await importJWK(jwks.keys[0]! as Parameters<typeof importJWK>[0], alg)
  const server = await serve(JSON.stringify(jwks))
  const { port } = server.address() as AddressInfo
  const bearer = auth({ issuer, audience, jwksUri: `http://127.0.0.1:${port}/`, tokenSigningAlg: alg })

  return {
    candidates: {
      'node:crypto verify alone': (i) => {
        const { data, der } = parts[i % parts.length]!
        if (!verify('sha256', data, publicKey, der)) throw new Error('bad signature')
      },
      'node:crypto verify alone, with dsaEncoding': (i) => {
        const { data, signature } = parts[i % parts.length]!
        if (!verify('sha256', data, asUsual, signature)) throw new Error('bad signature')
      },
      'fast-jwt + hand-written check': (i) => hand(fast(token(i))),
      'jsonwebtoken + hand-written check': (i) =>
        hand(jsonwebtoken.verify(token(i), pem, { algorithms: [alg], audience, issuer })),
      'jose + hand-written check': async (i) =>
        hand((await jwtVerify(token(i), joseKey, { algorithms: [alg], audience, issuer })).payload),
      'express-oauth2-jwt-bearer + hand-written check': (i) =>
        new Promise((resolve, reject) => {
          const request = {
            headers: { authorization: `Bearer ${token(i)}` },
            get: () => 'storage.example',
            is: () => false,
            method: 'GET',
            protocol: 'https',
            query: {},
            url: '/store/file',
          }
          const next = (error?: unknown): void => {
            if (error) reject(error)
            else resolve(hand((request as { auth?: { payload: unknown } }).auth!.payload))
          }
          void bearer(request as never, {} as never, next)
        }),
    },
    cached: { "fast-jwt's cache + hand-written check": (i) => hand(fastCached(token(i))) },
    close: () => server.close(),
  }
}

async function serve(body: string): Promise<Server> {
  const server = createServer((_request, response) => response.setHeader('content-type', 'application/json').end(body))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  server.unref()
  return server
}
