import type { AddressInfo } from 'node:net'
import { createTestIssuer, type TestIssuer } from '@scitokens/core/testing'
import express from 'express'
import express4 from 'express4'
import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import { findAuth, getAuth, getPath, refusalHandler, requireScope, scitokens } from '../src/index.ts'

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

  it('lets a request pass whose token allows it, and says who asks', async () => {
    const app = make()
    app.use(scitokens(options()))
    app.get('/data/*path'.replace('*path', make === express ? '*path' : '*'), requireScope('read'), (req, res) => {
      res.json({ subject: getAuth(req).subject, path: getPath(req), write: getAuth(req).can('write', '/data/x') })
    })
    const url = await listen(app)
    const answer = await fetch(`${url}/data/x`, { headers: await bearer('read:/data') })
    expect(answer.status).toBe(200)
    expect(await answer.json()).toEqual({ subject: 'test-user', path: '/data/x', write: false })
    const refused = await fetch(`${url}/data/x`, { headers: await bearer('read:/other') })
    expect(refused.status).toBe(403)
    expect(refused.headers.get('www-authenticate')).toContain('scope="read:/data/x"')
  })

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
    app.use(scitokens(options()))
    const url = await listen(app)
    const answer = await fetch(url)
    expect(answer.status).toBe(401)
    expect(answer.headers.get('www-authenticate')).toBe('Bearer')
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

  it('optional credentials may be missing, but not bad, and never answer a question with yes', async () => {
    const app = make()
    app.use(scitokens({ ...options(), required: false, handleErrors: true }))
    app.get('/who', (req, res) => void res.json({ who: findAuth(req)?.subject ?? 'nobody' }))
    app.get('/guarded', requireScope('read'), (_req, res) => void res.end('secret'))
    const url = await listen(app)
    expect(await (await fetch(`${url}/who`)).json()).toEqual({ who: 'nobody' })
    expect((await fetch(`${url}/who`, { headers: { authorization: 'Bearer nonsense' } })).status).toBe(401)
    expect((await fetch(`${url}/guarded`)).status).toBe(401)
  })
})
