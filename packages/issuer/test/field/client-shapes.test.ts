import { describe, expect, test } from 'vitest'
import { basic, ROBOT, SECRET, startIssuer } from '../support/harness.ts'

describe('a client_credentials request as', () => {
  test("HTCondor's client credmon sends it: multipart, scopes instead of scope, a word of its own among them", async () => {
    const { issuer, claims } = await startIssuer(
      { clients: [{ ...ROBOT, acceptScopesAlias: true }] },
      { acceptMultipart: true },
    )
    const field = (name: string, value: string): string =>
      `--b0undary\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`
    const reply = await issuer.buildServer().inject({
      method: 'POST',
      url: '/vo/token',
      headers: { 'content-type': 'multipart/form-data; boundary=b0undary', ...basic('robot', SECRET) },
      payload: `${field('grant_type', 'client_credentials')}${field('scopes', 'read:/store/x condor.user:ana')}${field('audience', 'https://se.example.org https://ce.example.org')}--b0undary--\r\n`,
    })
    expect(reply.statusCode).toBe(200)
    expect(await claims(reply.json().access_token)).toMatchObject({
      scope: 'read:/store/x',
      aud: ['https://se.example.org', 'https://ce.example.org'],
    })
  })

  test('multipart is refused unless configured, and when it is malformed', async () => {
    const send = async (
      issuer: Awaited<ReturnType<typeof startIssuer>>['issuer'],
      payload: string,
    ): Promise<unknown> => {
      const headers = { 'content-type': 'multipart/form-data; boundary=b', ...basic('robot', SECRET) }
      return (await issuer.buildServer().inject({ method: 'POST', url: '/vo/token', headers, payload })).json().error
    }
    const closed = await startIssuer()
    expect(await send(closed.issuer, '--b--')).toBe('invalid_request')
    const open = await startIssuer({}, { acceptMultipart: true })
    for (const payload of [
      '',
      'x',
      '--b\r\nx',
      '--b\r\n\r\n\r\nx\r\n--b--',
      '--b\r\nContent-Disposition: form-data; name="a"; filename="f"\r\n\r\nx\r\n--b--',
    ]) {
      expect(await send(open.issuer, payload)).toBe('invalid_request')
    }
  })

  test('Rucio sends it: many scopes, host names as audience, offline_access', async () => {
    const { token, claims } = await startIssuer({
      clients: [{ ...ROBOT, scopes: ['storage.read:/', 'storage.modify:/rucio'], audiences: ['*'] }],
    })
    const reply = await token({
      grant_type: 'client_credentials',
      audience: 'xrd1.example.org xrd2.example.org',
      scope: 'storage.modify:/rucio/a/b storage.read:/rucio/a/b offline_access',
    })
    expect(reply.body).not.toHaveProperty('refresh_token')
    expect(await claims(reply.body['access_token'] as string)).toMatchObject({
      aud: ['xrd1.example.org', 'xrd2.example.org'],
      scope: 'storage.modify:/rucio/a/b storage.read:/rucio/a/b',
    })
  })

  test('asks for more scopes than anybody needs is refused at once', async () => {
    const { token } = await startIssuer()
    const scope = Array.from({ length: 1000 }, (_, i) => `read:/s${i}`).join(' ')
    expect((await token({ grant_type: 'client_credentials', scope })).body['error']).toBe('invalid_scope')
  })
})
