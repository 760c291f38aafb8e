import { createHash, randomUUID, X509Certificate } from 'node:crypto'
import { needs } from '@scitokens-tests/programs'
import { createServer } from 'node:http'
import { request } from 'node:https'
import type { AddressInfo } from 'node:net'
import { decodeUnverified, SigningKey } from '@scitokens/core'
import { describe, expect, onTestFinished, test } from 'vitest'
import { certificates } from '../support/certificates.ts'
import { basic, type Harness, type Reply, ROBOT, SECRET, startIssuer } from '../support/harness.ts'

const { clientSecret: _, ...WITHOUT_SECRET } = ROBOT

/** Signs any claims: tests need assertions that core would refuse to sign. */
async function jwt(key: SigningKey, claims: object): Promise<string> {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')
  const text = `${part({ alg: key.alg, kid: key.kid })}.${part(claims)}`
  return `${text}.${Buffer.from(await key.sign(new TextEncoder().encode(text))).toString('base64url')}`
}

describe('private_key_jwt', () => {
  async function start(): Promise<{
    harness: Harness
    key: SigningKey
    ask: (change?: object, form?: Record<string, string>) => Promise<Reply>
  }> {
    const key = await SigningKey.generate()
    const harness = await startIssuer({ clients: [{ ...WITHOUT_SECRET, jwks: { keys: [key.publicJwk] } }] })
    const ask = async (change: object = {}, form: Record<string, string> = {}): Promise<Reply> => {
      const claims = {
        iss: 'robot',
        sub: 'robot',
        aud: `${harness.url}/token`,
        exp: harness.clock.now + 60,
        jti: randomUUID(),
        ...change,
      }
      const assertion = {
        client_assertion: await jwt(key, claims),
        client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
      }
      return harness.token({ grant_type: 'client_credentials', ...assertion, ...form }, {})
    }
    return { harness, key, ask }
  }

  test('authenticates by a signature, for the issuer or its token endpoint', async () => {
    const { ask, harness } = await start()
    expect((await ask()).status).toBe(200)
    expect((await ask({ aud: [harness.url, 'https://other.example'] })).status).toBe(200)
  })

  test.each([
    [{ aud: 'https://other.example/token' }],
    [{ iss: 'somebody' }],
    [{ sub: 'somebody' }],
    [{ exp: 1_800_000_000 - 61 }],
    [{ exp: 1_800_000_000 + 3601 }],
    [{ exp: undefined }],
    [{ nbf: 1_800_000_000 + 61 }],
    [{ jti: undefined }],
    [{ cnf: { jkt: 'x' } }],
    [{ cnf: null }],
  ])('refuses an assertion with %j', async (change) => {
    const { ask } = await start()
    expect(await ask(change)).toMatchObject({ status: 401, body: { error: 'invalid_client' } })
  })

  test('takes an assertion once', async () => {
    const { ask } = await start()
    const same = { jti: 'the-same' }
    expect((await ask(same)).status).toBe(200)
    expect((await ask(same)).status).toBe(401)
  })

  test('refuses the key of somebody else, and a secret for a client that has none', async () => {
    const { harness } = await start()
    const other = await SigningKey.generate()
    const claims = { iss: 'robot', sub: 'robot', aud: harness.url, exp: harness.clock.now + 60, jti: 'x' }
    const form = {
      grant_type: 'client_credentials',
      client_assertion: await jwt(other, claims),
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    }
    expect((await harness.token(form, {})).status).toBe(401)
    expect((await harness.token({ grant_type: 'client_credentials' }, basic('robot', SECRET))).status).toBe(401)
  })

  test('refuses two methods at once, and an assertion of another type', async () => {
    const { ask } = await start()
    expect((await ask({}, { client_secret: SECRET })).body['error']).toBe('invalid_request')
    expect((await ask({}, { client_assertion_type: 'urn:x' })).body['error']).toBe('invalid_request')
  })
})

describe('jwt-bearer', () => {
  const GRANT = 'urn:ietf:params:oauth:grant-type:jwt-bearer'

  async function start(): Promise<{ harness: Harness; ask: (change?: object) => Promise<Reply> }> {
    const key = await SigningKey.generate()
    const trusted = { issuer: 'https://idp.example', jwks: { keys: [key.publicJwk] }, subjects: ['ana'] }
    const harness = await startIssuer({ clients: [{ ...ROBOT, grants: [GRANT], assertions: [trusted] }] })
    const ask = async (change: object = {}): Promise<Reply> => {
      const claims = {
        iss: 'https://idp.example',
        sub: 'ana',
        aud: harness.url,
        exp: harness.clock.now + 60,
        jti: randomUUID(),
        ...change,
      }
      return harness.token({ grant_type: GRANT, assertion: await jwt(key, claims), scope: 'write:/store' })
    }
    return { harness, ask }
  }

  test('gives a token about whom a trusted issuer names, within the scopes of the client', async () => {
    const { harness, ask } = await start()
    const reply = await ask()
    expect(await harness.claims(reply.body['access_token'] as string)).toMatchObject({
      sub: 'ana',
      scope: 'write:/store/user/ana',
    })
    expect(reply.body).not.toHaveProperty('refresh_token')
  })

  test.each([
    [{ iss: 'https://evil.example' }],
    [{ sub: 'bob' }],
    [{ aud: 'https://other.example' }],
    [{ exp: 1 }],
    [{ jti: undefined }],
    [{ cnf: { 'x5t#S256': 'x' } }],
    [{ cnf: {} }],
  ])('refuses an assertion with %j', async (change) => {
    const { ask } = await start()
    expect((await ask(change)).body['error']).toBe('invalid_grant')
  })

  test('finds the keys of a trusted issuer by discovery where none are configured', async () => {
    const key = await SigningKey.generate()
    const idp = createServer((call, reply) => {
      reply.setHeader('content-type', 'application/json')
      const metadata = { issuer: address, jwks_uri: `${address}/jwks` }
      reply.end(JSON.stringify(call.url === '/jwks' ? { keys: [key.publicJwk] } : metadata))
    })
    await new Promise<void>((resolve) => idp.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => void idp.close())
    const address = `http://127.0.0.1:${(idp.address() as AddressInfo).port}`
    const clients = [{ ...ROBOT, grants: [GRANT] as const, assertions: [{ issuer: address }] }]
    const { token, url, clock } = await startIssuer({ clients }, { dangerouslyAllowLoopbackHttp: true })
    const claims = { iss: address, sub: 'ana', aud: url, exp: clock.now + 60, jti: 'x' }
    const form = { grant_type: GRANT, assertion: await jwt(key, claims), scope: 'read:/store' }
    expect((await token(form)).status).toBe(200)
    const other = { ...claims, iss: 'https://evil.example' }
    expect((await token({ ...form, assertion: await jwt(key, other) })).body['error']).toBe('invalid_grant')
  })

  test('takes an assertion once', async () => {
    const { ask } = await start()
    expect((await ask({ jti: 'same' })).status).toBe(200)
    expect((await ask({ jti: 'same' })).body['error']).toBe('invalid_grant')
  })
})

describe('mutual TLS', needs('openssl'), () => {
  test('authenticates by subject of a trusted authority or by thumbprint, and binds the token to the certificate', async () => {
    const tls = await certificates()
    const strangerPrint = createHash('sha256').update(new X509Certificate(tls.stranger.cert).raw).digest('hex')
    const { issuer, audit } = await startIssuer(
      {
        clients: [
          { ...WITHOUT_SECRET, clientId: 'by-subject', certificates: [{ subject: 'CN=robot,O=VO' }] },
          // A blank after the comma between components does not count, one in a value does.
          { ...WITHOUT_SECRET, clientId: 'by-comma', certificates: [{ subject: String.raw`CN=robot, O=VO\, Inc.` }] },
          { ...WITHOUT_SECRET, clientId: 'by-closer', certificates: [{ subject: String.raw`CN=robot, O=VO\,Inc.` }] },
          { ...WITHOUT_SECRET, clientId: 'by-print', certificates: [{ sha256: strangerPrint }] },
        ],
      },
      { clientCertificates: 'verified' },
    )
    const https = { ...tls.server, ca: tls.ca.cert, requestCert: true, rejectUnauthorized: false }
    const address = await issuer.buildServer({ https } as object).listen({ host: '127.0.0.1', port: 0 })

    const ask = (
      clientId: string,
      own?: { cert: string; key: string },
    ): Promise<{ status: number; body: Record<string, unknown> }> =>
      new Promise((resolve, reject) => {
        const call = request(
          `${address}/vo/token`,
          {
            method: 'POST',
            ca: tls.ca.cert,
            ...own,
            agent: false,
            headers: { 'content-type': 'application/x-www-form-urlencoded' },
          },
          (reply) => {
            let text = ''
            reply.on('data', (chunk) => (text += String(chunk)))
            reply.on('end', () =>
              resolve({ status: reply.statusCode!, body: JSON.parse(text) as Record<string, unknown> }),
            )
          },
        )
        call.on('error', reject)
        call.end(`grant_type=client_credentials&client_id=${clientId}`)
      })

    const known = await ask('by-subject', tls.client)
    expect(known.status).toBe(200)
    const thumbprint = createHash('sha256').update(new X509Certificate(tls.client.cert).raw).digest('base64url')
    const { unverifiedClaims } = decodeUnverified(known.body['access_token'] as string)
    expect(unverifiedClaims['cnf']).toEqual({ 'x5t#S256': thumbprint })
    const { serialNumber, raw } = new X509Certificate(tls.client.cert)
    expect(audit.events.at(-1)).toMatchObject({
      event: 'token_issued',
      certificate: createHash('sha256').update(raw).digest('hex'),
      certificateDn: 'CN=robot,O=VO',
      certificateIssuer: 'CN=Test CA',
      certificateSerial: serialNumber.toLowerCase(),
    })
    expect((await ask('by-print', tls.stranger)).status).toBe(200)
    expect((await ask('by-comma', tls.comma)).status).toBe(200)
    expect((await ask('by-closer', tls.comma)).status).toBe(401)
    // The same name, but nobody vouches for it.
    expect((await ask('by-subject', tls.stranger)).status).toBe(401)
    expect((await ask('by-print', tls.client)).status).toBe(401)
    expect((await ask('by-subject')).status).toBe(401)
  })

  const PRINT = 'ab'.repeat(32)

  test.each([
    [
      'a certificate that TLS never asks for',
      undefined,
      [{ sha256: PRINT }],
      /certificates\[0\]: TLS asks for no certificates here/,
    ],
    ['a subject that no authority vouches for', 'asked', [{ subject: 'CN=a' }], /no authority vouches for a subject/],
    [
      'a second certificate of which nothing is known',
      'verified',
      [{ subject: 'CN=a' }, {}],
      /certificates\[1\]: name either/,
    ],
    ['both at once', 'verified', [{ subject: 'CN=a', sha256: PRINT }], /name either sha256 or subject/],
    ['a thumbprint that is none', 'verified', [{ sha256: 'sha-256' }], /sha256 is no SHA-256/],
  ] as const)('no client can be configured with %s', async (_what, clientCertificates, listed, message) => {
    const clients = [{ ...WITHOUT_SECRET, certificates: listed }]
    const more = clientCertificates === undefined ? {} : { clientCertificates }
    await expect(startIssuer({ clients }, more)).rejects.toMatchObject({
      code: 'config_error',
      message: expect.stringMatching(message),
    })
  })

  test.each([
    ['tls', /clients\[0\]\.authMethods: tls needs certificates/],
    ['private_key_jwt', /authMethods: private_key_jwt needs jwks/],
    ['secret', /authMethods: secret needs clientSecret/],
  ] as const)('nor with the method %s and nothing that it could check', async (method, message) => {
    const clients = [{ ...WITHOUT_SECRET, authMethods: [method] }]
    await expect(startIssuer({ clients }, { clientCertificates: 'verified' })).rejects.toThrow(message)
  })

  test.each([
    [undefined, [], undefined],
    ['asked', ['self_signed_tls_client_auth'], true],
    ['verified', ['tls_client_auth', 'self_signed_tls_client_auth'], true],
  ] as const)('metadata promise what TLS does: %s', async (clientCertificates, methods, bound) => {
    const { issuer } = await startIssuer({}, clientCertificates === undefined ? {} : { clientCertificates })
    const reply = await issuer.buildServer().inject('/vo/.well-known/oauth-authorization-server')
    const metadata = reply.json<Record<string, readonly string[]>>()
    for (const place of ['token', 'revocation', 'introspection']) {
      const told = metadata[`${place}_endpoint_auth_methods_supported`]!
      expect(told.filter((method) => method.includes('tls'))).toEqual(methods)
    }
    expect(metadata['tls_client_certificate_bound_access_tokens']).toBe(bound)
  })
})
