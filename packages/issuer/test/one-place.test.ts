import { readdirSync } from 'node:fs'
import { expect, test } from 'vitest'
import { AUTH_METHOD_NAMES, AUTH_METHODS } from '../src/clients/auth-method.ts'
import { GRANT_TYPES } from '../src/clients/grant-type.ts'
import { GRANTS } from '../src/grants/grants.ts'
import { LOGIN_KINDS } from '../src/people/login-kinds.ts'
import { STORAGE_ENGINES } from '../src/store/storages.ts'
import { APP, ROBOT, SECRET, startIssuer, startIssuerForPeople } from './support/harness.ts'

// Whoever adds a grant, a login, a storage or a client authentication method writes one file and one line. What is forgotten is named here.

interface PathItem {
  readonly post: {
    readonly requestBody: { readonly content: Record<string, { readonly schema: { readonly properties: object } }> }
  }
}

/** Things that the files of a folder export under a name that ends so, by file. */
async function exportsOf(folder: string, ending: RegExp): Promise<ReadonlyMap<string, unknown>> {
  const files = readdirSync(new URL(`../src/${folder}/`, import.meta.url)).filter((file) => ending.test(file))
  const modules = files.map(async (file) => {
    const place = new URL(`../src/${folder}/${file}`, import.meta.url).href
    const module = (await import(/* @vite-ignore */ place)) as Record<string, unknown>
    return Object.entries(module).map(([name, value]) => [`${folder}/${file} ${name}`, value] as const)
  })
  return new Map((await Promise.all(modules)).flat())
}

function missingFrom(list: readonly unknown[], things: ReadonlyMap<string, unknown>): readonly string[] {
  return [...things].filter(([, thing]) => !list.includes(thing)).map(([name]) => name)
}

test('a grant is a file, a line in grants.ts and its grant_type; all else about it stands in its file', async () => {
  const files = await exportsOf('grants', /^(?!grants?\.ts$).*\.ts$/)
  const grants = new Map(
    [...files].filter(([, thing]) => typeof thing === 'object' && thing !== null && 'handle' in thing),
  )
  expect(missingFrom(GRANTS, grants)).toEqual([])
  expect(GRANTS.map(({ grantType }) => grantType)).toEqual([...GRANT_TYPES])
  const names = GRANTS.map(({ shortName }) => shortName)
  expect(new Set(names).size).toBe(names.length)
})

test('each grant is told in metadata and description with its parameters, and only where what it needs is there', async () => {
  const facts = async (harness: Awaited<ReturnType<typeof startIssuer>>) => {
    const server = harness.issuer.buildServer()
    const metadata = (await server.inject('/vo/.well-known/openid-configuration')).json<{
      grant_types_supported: string[]
    }>()
    const { paths } = (await server.inject('/vo/openapi.json')).json<{ paths: Record<string, PathItem> }>()
    const [body] = Object.values(paths['/vo/token']!.post.requestBody.content)
    return { told: metadata.grant_types_supported, parameters: Object.keys(body!.schema.properties) }
  }
  const people = await facts(await startIssuerForPeople({ clients: [ROBOT, APP] }))
  const robots = await facts(await startIssuer())
  expect(people.told).toEqual([...GRANT_TYPES])
  expect(robots.told).toEqual(GRANTS.filter(({ needs }) => !needs.login).map(({ grantType }) => grantType))
  for (const { grantType, parameters } of GRANTS)
    expect({ grantType, parameters: people.parameters }).toMatchObject({
      grantType,
      parameters: expect.arrayContaining([...parameters]) as unknown,
    })
})

test('a login kind is a file and a line in login-kinds.ts, and names which of its options are secrets', async () => {
  const files = await exportsOf('people', /-login\.ts$/)
  const kinds = new Map(
    [...files].filter(([, thing]) => typeof thing === 'object' && thing !== null && 'chosenBy' in thing),
  )
  expect(missingFrom(LOGIN_KINDS, kinds)).toEqual([])
  expect(kinds.size).toBe(LOGIN_KINDS.length)
  for (const { chosenBy, options, secrets } of LOGIN_KINDS) {
    expect({ chosenBy, unknown: secrets.filter((name) => !options.includes(name)) }).toEqual({ chosenBy, unknown: [] })
    const untold = options.filter((name) => /secret$/i.test(name) && !secrets.includes(name))
    expect({ chosenBy, untold }).toEqual({ chosenBy, untold: [] })
  }
})

test('a storage engine is a file and a line in storages.ts', async () => {
  const files = await exportsOf('store', /-storage\.ts$/)
  const storages = new Map([...files].filter(([, thing]) => typeof thing === 'object'))
  expect(missingFrom(STORAGE_ENGINES, storages)).toEqual([])
  expect(storages.size).toBe(STORAGE_ENGINES.length)
})

test('each client authentication method is told in the metadata, and lets nobody in who shows nothing', async () => {
  const certificates = [{ sha256: 'a'.repeat(64) }]
  const jwks = { keys: [] }
  const clients = AUTH_METHOD_NAMES.map((method) => ({
    clientId: method,
    authMethods: [method],
    clientSecret: SECRET,
    jwks,
    certificates,
    scopes: ['read:/store'],
    audiences: ['https://se.example.org'],
    grants: [method === 'none' ? ('refresh_token' as const) : ('client_credentials' as const)],
  }))
  const harness = await startIssuer({ clients }, { clientCertificates: 'verified' })
  const server = harness.issuer.buildServer()
  const told = (await server.inject('/vo/.well-known/openid-configuration')).json<Record<string, string[]>>()[
    'token_endpoint_auth_methods_supported'
  ]!
  for (const method of AUTH_METHOD_NAMES) {
    const names = AUTH_METHODS[method].names('verified')
    expect({ method, untold: names.filter((name) => !told.includes(name)) }).toEqual({ method, untold: [] })
    expect(names.length).toBeGreaterThan(0)
    if (method === 'none') continue
    const reply = await harness.token({ grant_type: 'client_credentials', client_id: method }, {})
    expect({ method, status: reply.status }).toEqual({ method, status: 401 })
  }
  expect(told).toHaveLength(AUTH_METHOD_NAMES.flatMap((method) => AUTH_METHODS[method].names('verified')).length)
})
