import { readFile } from 'node:fs/promises'
import { Ajv2020 } from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'
import { Validator } from '@seriousme/openapi-schema-validator'
import type { FastifyInstance, InjectOptions } from 'fastify'
import { expect, test } from 'vitest'
import { undescribed } from '../../src/openapi/describe-api.ts'
import { watchRoutes } from '../../src/openapi/route-list.ts'
import {
  APP,
  basic,
  type Harness,
  loginByCode,
  ROBOT,
  SECRET,
  startIssuer,
  startIssuerForPeople,
} from '../support/harness.ts'

interface Described {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
  readonly servers: readonly { url: string }[]
}

interface Operation {
  readonly summary: string
  readonly operationId: string
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema: Record<string, unknown> }>> }
  readonly responses: Readonly<
    Record<string, { readonly content?: Readonly<Record<string, { readonly schema: object }>> }>
  >
}

const REGISTRATION = { scopes: ['read:/store'], audiences: ['https://se.example.org'] }

const startWithEverything = (): Promise<Harness> =>
  startIssuerForPeople({ clients: [ROBOT, APP], registration: REGISTRATION })

async function describeOf(server: FastifyInstance, path = '/vo'): Promise<Described> {
  const reply = await server.inject(`${path}/openapi.json`)
  expect(reply.statusCode).toBe(200)
  return reply.json<Described>()
}

function operationsOf({ paths }: Described): { path: string; method: string; operation: Operation }[] {
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
  )
}

test('the description is a good OpenAPI document, of an issuer with everything and of one with little', async () => {
  for (const harness of [await startWithEverything(), await startIssuer()]) {
    const document = await describeOf(harness.issuer.buildServer())
    const judged = await new Validator().validate({ ...document })
    expect(judged.errors).toBeUndefined()
    expect(judged.valid).toBe(true)
    expect(document.servers).toEqual([{ url: new URL(harness.url).origin }])
    const ids = operationsOf(document).map(({ operation }) => operation.operationId)
    expect(new Set(ids).size).toBe(ids.length)
  }
})

test('the description that is served stays the same, member by member', async () => {
  const lines = (await readFile(new URL('openapi.jsonl', import.meta.url), 'utf8')).trimEnd().split('\n')
  const { paths, ...document } = await describeOf((await startWithEverything()).issuer.buildServer())
  const operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => [`${method.toUpperCase()} ${path}`, operation]),
  )
  expect([['document', document], ...operations]).toEqual(lines.map((line): unknown => JSON.parse(line)))
})

test('each route of an issuer is described', async () => {
  for (const harness of [await startWithEverything(), await startIssuer()]) {
    const server = harness.issuer.buildServer()
    let routesOf: ReturnType<typeof watchRoutes>
    await server.close()
    const { default: fastify } = await import('fastify')
    const app = fastify()
    routesOf = watchRoutes(app)
    await app.register(harness.issuer.plugin)
    await app.ready()
    const routes = routesOf('/vo', undefined, ['/vo'])
    expect(routes.length).toBeGreaterThan(8)
    expect(undescribed(routes)).toEqual([])
    const described = operationsOf(await describeOf(app)).map(({ path, method }) => `${method.toUpperCase()} ${path}`)
    expect(described.toSorted()).toEqual(
      routes.map(({ method, url }) => `${method} ${url.replace(':id', '{id}')}`).toSorted(),
    )
    await app.close()
  }
})

test('each path and method that is described answers, with a status and a kind of body that are described', async () => {
  const { issuer } = await startWithEverything()
  const server = issuer.buildServer()
  for (const { path, method, operation } of operationsOf(await describeOf(server))) {
    const [type] = Object.keys(operation.requestBody?.content ?? {})
    const reply = await server.inject({
      method: method.toUpperCase() as 'GET',
      url: path.replace('{id}', 'nobody'),
      ...(type && { headers: { 'content-type': type }, payload: type.endsWith('json') ? '{}' : 'nothing=useful' }),
    })
    const where = `${method} ${path}: ${reply.statusCode} ${reply.body.slice(0, 100)}`
    expect([404, 405, 500], where).not.toContain(reply.statusCode)
    const answer = operation.responses[String(reply.statusCode)]
    expect(answer, where).toBeDefined()
    if (reply.body !== '' && answer!.content)
      expect(Object.keys(answer!.content), where).toContain(String(reply.headers['content-type']).split(';')[0])
  }
})

test('what is answered has the form that is described', async () => {
  const harness = await startWithEverything()
  const server = harness.issuer.buildServer()
  const document = await describeOf(server)
  const ajv = new Ajv2020({ strict: false, allErrors: true })
  addFormats.default(ajv)
  const seen: string[] = []
  const check = async (options: InjectOptions & { url: string }, status: number): Promise<Record<string, unknown>> => {
    const reply = await server.inject(options)
    const path = options.url.replace(/dyn-[\w-]+$/, '{id}')
    const name = `${options.method ?? 'GET'} ${path} ${reply.statusCode}`
    expect(reply.statusCode, name).toBe(status)
    const schema =
      document.paths[path]![(options.method ?? 'GET').toLowerCase()]!.responses[status]!.content?.['application/json']!
        .schema
    const validate = ajv.compile(schema!)
    const body = reply.json<Record<string, unknown>>()
    expect({ name, good: validate(body), errors: validate.errors }).toMatchObject({ good: true })
    seen.push(name)
    return body
  }
  const form = (url: string, fields: Record<string, string>, headers: object = basic('app', SECRET)) => ({
    method: 'POST' as const,
    url,
    headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
    payload: new URLSearchParams(fields).toString(),
  })
  const login = (
    await loginByCode(harness, { scope: 'openid read:/store offline_access wlcg.groups' }, { groups: '/vo' })
  ).body
  const token = login['access_token'] as string
  const refresh = login['refresh_token'] as string

  await check(form('/vo/token', { grant_type: 'client_credentials' }, basic('robot', SECRET)), 200)
  await check(form('/vo/token', { grant_type: 'refresh_token', refresh_token: refresh }), 200)
  const exchange = 'urn:ietf:params:oauth:grant-type:token-exchange'
  const kind = 'urn:ietf:params:oauth:token-type:access_token'
  await check(form('/vo/token', { grant_type: exchange, subject_token: token, subject_token_type: kind }), 200)
  await check(form('/vo/token', { grant_type: 'nothing' }), 400)
  await check(form('/vo/token', { grant_type: 'client_credentials' }, basic('robot', 'wrong')), 401)
  await check(form('/vo/introspect', { token }), 200)
  await check(form('/vo/introspect', { token: 'unknown' }), 200)
  await check(form('/vo/device_authorization', { scope: 'read:/store' }), 200)
  await check({ url: '/vo/userinfo', headers: { authorization: `Bearer ${token}` } }, 200)
  await check({ url: '/vo/userinfo', headers: { authorization: 'Bearer x' } }, 401)
  await check({ url: '/vo/jwks' }, 200)
  await check({ url: '/vo/.well-known/openid-configuration' }, 200)
  await check({ url: '/.well-known/oauth-authorization-server/vo' }, 200)
  const metadata = { redirect_uris: ['https://app.example/cb'], client_name: 'An app', scope: 'read:/store' }
  const made = await check({ method: 'POST', url: '/vo/register', payload: metadata }, 201)
  const headers = { authorization: `Bearer ${made['registration_access_token'] as string}` }
  const url = `/vo/register/${made['client_id'] as string}`
  await check({ url, headers }, 200)
  await check({ method: 'PUT', url, headers, payload: metadata }, 200)
  await check({ method: 'POST', url: '/vo/register', payload: { redirect_uris: ['no uri'] } }, 400)
  expect(seen).toHaveLength(17)
})

test('the parameters of the token endpoint are those of the grants that the issuer has', async () => {
  const parametersOf = async (harness: Harness): Promise<string[]> => {
    const { paths } = await describeOf(harness.issuer.buildServer())
    const [body] = Object.values(paths['/vo/token']!['post']!.requestBody!.content)
    return Object.keys(body!.schema['properties'] as object)
  }
  const all = await parametersOf(await startWithEverything())
  expect(all).toEqual(
    expect.arrayContaining(['grant_type', 'audience', 'code_verifier', 'device_code', 'subject_token']),
  )
  const little = await parametersOf(await startIssuer())
  expect(little).toContain('subject_token')
  expect(little).not.toContain('device_code')
})

test('several issuers describe their own routes only, and one that shall not be described is not', async () => {
  const realms = [
    { issuer: 'https://issuer.example/a', clients: [ROBOT] },
    { issuer: 'https://issuer.example/a/b', clients: [ROBOT], registration: REGISTRATION },
    { issuer: 'https://issuer.example', clients: [ROBOT], openapi: false },
  ]
  const { issuer } = await startIssuer({ issuer: undefined as never, clients: undefined as never }, { realms })
  const server = issuer.buildServer()
  const pathsOf = async (base: string): Promise<string[]> => Object.keys((await describeOf(server, base)).paths)
  expect(await pathsOf('/a')).toEqual(expect.arrayContaining(['/a/token', '/.well-known/oauth-authorization-server/a']))
  expect((await pathsOf('/a')).filter((path) => path.includes('/a/b') || path.includes('register'))).toEqual([])
  expect(await pathsOf('/a/b')).toEqual(expect.arrayContaining(['/a/b/token', '/a/b/register/{id}']))
  expect((await server.inject('/openapi.json')).statusCode).toBe(404)
})

test('the description is answered with 304 to whoever has it', async () => {
  const { issuer } = await startIssuer()
  const server = issuer.buildServer()
  const { headers } = await server.inject('/vo/openapi.json')
  expect(headers['cache-control']).toBe('public, max-age=3600')
  const again = await server.inject({ url: '/vo/openapi.json', headers: { 'if-none-match': headers.etag as string } })
  expect(again.statusCode).toBe(304)
})
