import type { AddressInfo } from 'node:net'
import { createTestIssuer, type TestIssuer } from '@scitokens/core/testing'
import express from 'express'
import express4 from 'express4'
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { getAuth, refusalHandler, requireScope, scitokens } from '../src/index.ts'

// What both guards must do is in tests/guards; here is what is Express's own.

const AUDIENCE = 'https://data.example'
let issuer: TestIssuer
const closing: (() => void)[] = []
beforeAll(async () => {
  issuer = await createTestIssuer()
})
afterEach(() => {
  for (const close of closing.splice(0)) close()
})

const bearer = async (scope: string, aud = AUDIENCE): Promise<Record<string, string>> => ({
  authorization: `Bearer ${await issuer.sign({ scope, aud })}`,
})

async function listen(app: ReturnType<typeof express>): Promise<string> {
  const server = app.listen(0, '127.0.0.1')
  closing.push(() => server.close())
  await new Promise((resolve) => server.once('listening', resolve))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

describe.each([
  ['Express 5', express],
  ['Express 4', express4],
])('%s', (_name, make) => {
  const options = () => ({ issuers: issuer.issuer, audience: AUDIENCE, keys: issuer.keys, clock: issuer.clock })

  it('hands refusals to the error handler of the app, with status, headers and code', async () => {
    const app = make()
    const seen: unknown[] = []
    app.use(scitokens(options()))
    app.use(((error, _req, res, _next) => {
      seen.push(error.code, error.status, error.statusCode, error.cause.code)
      res.status(error.status).set(error.headers).json({ mine: true })
    }) as express.ErrorRequestHandler)
    const url = await listen(app)
    const answer = await fetch(url, { headers: await bearer('read:/', 'https://other.example') })
    expect(answer.status).toBe(401)
    expect(answer.headers.get('www-authenticate')).toContain('error="invalid_token"')
    expect(await answer.json()).toEqual({ mine: true })
    expect(seen).toEqual(['aud_mismatch', 401, 401, 'aud_mismatch'])
  })

  it("Express's own error handler answers with the right status and challenge too", async () => {
    const app = make()
    app.set('env', 'production')
    const log = vi.spyOn(console, 'error').mockImplementation(() => {})
    app.use(scitokens(options()))
    const url = await listen(app)
    const answer = await fetch(url)
    expect(answer.status).toBe(401)
    expect(answer.headers.get('www-authenticate')).toBe('Bearer')
    expect(await answer.text()).not.toContain('credentials') // details are for the log
    await vi.waitFor(() => expect(log).toHaveBeenCalled(), { timeout: 60_000 })
    log.mockRestore()
  })

  it('serves its metadata to everybody, at the place that belongs to the resource, and names it in challenges', async () => {
    const app = make()
    const guard = scitokens({ ...options(), resource: 'https://data.example/store', handleErrors: true })
    app.use(guard.metadata)
    app.use('/files', guard)
    const url = await listen(app)
    const path = '/.well-known/oauth-protected-resource/store'
    const answer = await fetch(url + path)
    expect(answer.status).toBe(200)
    expect(answer.headers.get('access-control-allow-origin')).toBe('*')
    expect(await answer.json()).toEqual({
      resource: 'https://data.example/store',
      authorization_servers: [issuer.issuer],
      bearer_methods_supported: ['header'],
    })
    expect((await fetch(url + path, { method: 'OPTIONS' })).status).toBe(204)
    expect((await fetch(url + path, { method: 'POST' })).status).toBe(405)
    const refused = await fetch(`${url}/files/x`, { headers: { host: 'evil.example' } })
    expect(refused.headers.get('www-authenticate')).toBe(`Bearer resource_metadata="https://data.example${path}"`)
  })

  it('puts who asks where it is told to, and nowhere else', async () => {
    const app = make()
    app.use(scitokens({ ...options(), property: false }))
    app.get('/none', (req, res) => void res.json({ auth: 'auth' in req, subject: getAuth(req).subject }))
    const named = make()
    named.use(scitokens({ ...options(), property: 'scitoken' }))
    named.get(
      '/named',
      (req, res) => void res.json({ same: (req as never)['scitoken'] === getAuth(req), json: getAuth(req) }),
    )
    const headers = await bearer('read:/')
    expect(await (await fetch(`${await listen(app)}/none`, { headers })).json()).toEqual({
      auth: false,
      subject: 'test-user',
    })
    const answer = await (await fetch(`${await listen(named)}/named`, { headers })).text()
    expect(JSON.parse(answer)).toMatchObject({ same: true, json: { subject: 'test-user', issuer: issuer.issuer } })
    expect(answer).not.toContain(headers['authorization']!.split('.').at(-1)) // the token is in no JSON
  })

  it('tells a missing middleware from a bad token: 500, and what to do', async () => {
    const app = make().set('env', 'test')
    app.use(requireScope('read'))
    const seen: unknown[] = []
    app.use(((error, _req, res, _next) => {
      seen.push(error.code, error.message)
      res.sendStatus(500)
    }) as express.ErrorRequestHandler)
    expect((await fetch(await listen(app))).status).toBe(500)
    expect(seen).toEqual(['config_error', expect.stringContaining('app.use(scitokens(')])
  })

  it.each(['handleErrors', 'refusalHandler'])('answers refusals itself with %s', async (how) => {
    const app = make()
    app.use(scitokens({ ...options(), handleErrors: how === 'handleErrors', realm: 'data' }))
    app.use(requireScope('write', '/x'))
    if (how === 'refusalHandler') app.use(refusalHandler())
    const url = await listen(app)
    const answer = await fetch(url, { headers: await bearer('read:/') })
    expect(answer.status).toBe(403)
    expect(answer.headers.get('www-authenticate')).toMatch(
      /^Bearer realm="data", error="insufficient_scope".* scope="write:\/x"/,
    )
    expect(await answer.json()).toEqual({
      error: 'insufficient_scope',
      error_description: 'The access token does not allow this',
    })
  })
})
