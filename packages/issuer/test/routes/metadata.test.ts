import { describe, expect, test } from 'vitest'
import { startIssuer } from '../support/harness.ts'

describe('metadata', () => {
  test.each([
    '/vo/.well-known/openid-configuration',
    '/vo/.well-known/oauth-authorization-server',
    '/.well-known/oauth-authorization-server/vo',
  ])('is at %s, as exactly application/json', async (path) => {
    const { issuer } = await startIssuer()
    const reply = await issuer.buildServer().inject(path)
    expect(reply.statusCode).toBe(200)
    expect(reply.headers['content-type']).toBe('application/json')
    expect(reply.headers['cache-control']).toBe('public, max-age=3600')
    expect(reply.json()).toMatchObject({
      issuer: 'https://issuer.example/vo',
      token_endpoint: 'https://issuer.example/vo/token',
      jwks_uri: 'https://issuer.example/vo/jwks',
      code_challenge_methods_supported: ['S256'],
      grant_types_supported: expect.arrayContaining(['client_credentials']),
      scopes_supported: expect.arrayContaining(['openid', 'read:/store']),
    })
  })

  test('names the issuer to the letter, slash and port included', async () => {
    for (const issuer of ['https://issuer.example:8443/', 'https://issuer.example', 'https://issuer.example/vo/']) {
      const harness = await startIssuer({ issuer })
      const path = `${new URL(issuer).pathname.replace(/\/$/, '')}/.well-known/openid-configuration`
      expect((await harness.issuer.buildServer().inject(path)).json().issuer).toBe(issuer)
    }
  })

  test('answers 304 to whoever has it already', async () => {
    const { issuer } = await startIssuer()
    const server = issuer.buildServer()
    for (const path of ['/vo/jwks', '/vo/.well-known/openid-configuration']) {
      const { headers } = await server.inject(path)
      const again = await server.inject({ url: path, headers: { 'if-none-match': String(headers['etag']) } })
      expect([again.statusCode, again.body]).toEqual([304, ''])
    }
  })

  test('and the JWKS come from memory: they are there while the database is away', async () => {
    const { issuer } = await startIssuer()
    const server = issuer.buildServer()
    await server.ready()
    await issuer.realms[0]!.store.close()
    expect((await server.inject('/vo/jwks')).statusCode).toBe(200)
    expect((await server.inject('/vo/.well-known/openid-configuration')).statusCode).toBe(200)
  })

  test('and JWKS hold public members only', async () => {
    const { issuer } = await startIssuer()
    const { keys } = (await issuer.buildServer().inject('/vo/jwks')).json()
    expect(Object.keys(keys[0]).toSorted()).toEqual(['alg', 'crv', 'kid', 'kty', 'use', 'x', 'y'])
  })
})
