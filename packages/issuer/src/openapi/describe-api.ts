import { z } from 'zod'
import type { Realm } from '../realm/realm.ts'
import { type Operation, operationsOf } from './operations.ts'

/** A route that was hung up. */
export interface KnownRoute {
  readonly method: string
  readonly url: string
}

type Json = Readonly<Record<string, unknown>>

const FORM = 'application/x-www-form-urlencoded'

/**
 * The OpenAPI description (version 3.1) of an issuer, made from the routes that really are there and from the grants that it really has.
 *
 * @param routes - of this issuer.
 * @param basePath - of this issuer, without a slash at the end.
 */
export function describeApi(realm: Realm, routes: readonly KnownRoute[], basePath: string): Json {
  const operations = operationsOf(realm)
  const paths: Record<string, Record<string, Json>> = {}
  for (const { method, url } of routes) {
    const operation = operations[`${method} ${suffixOf(url, basePath)}`]
    if (!operation) continue
    const path = url.replaceAll(/:(\w+)/g, '{$1}')
    paths[path] = { ...paths[path], [method.toLowerCase()]: describeOperation(operation, method, url) }
  }
  return {
    openapi: '3.1.1',
    info: {
      title: `Issuer ${realm.issuer}`,
      description: 'An OAuth 2.0 authorization server that issues SciTokens and WLCG tokens.',
      version: '1',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: new URL(realm.issuer).origin }],
    tags: ['tokens', 'keys and metadata', 'clients', 'people'].map((name) => ({ name })),
    paths,
    components: { securitySchemes: securityOf(realm) },
  }
}

/** The routes that are not described, as `METHOD path`: there should be none. */
export function undescribed(realm: Realm, routes: readonly KnownRoute[], basePath: string): readonly string[] {
  const operations = operationsOf(realm)
  return routes
    .map(({ method, url }) => `${method} ${suffixOf(url, basePath)}`)
    .filter((name) => !Object.hasOwn(operations, name))
}

function securityOf({ issuer }: Realm): Json {
  const session = `${issuer.startsWith('https:') ? '__Secure-' : ''}scitokens_session`
  return {
    clientSecret: { type: 'http', scheme: 'basic', description: 'The id and the secret of a client.' },
    clientCertificate: { type: 'mutualTLS', description: 'RFC 8705, where the issuer itself does TLS.' },
    accessToken: { type: 'http', scheme: 'bearer', description: 'An access token of this issuer.' },
    registrationToken: { type: 'http', scheme: 'bearer', description: 'The registration_access_token of the client.' },
    session: { type: 'apiKey', in: 'cookie', name: session, description: 'A person who has logged in.' },
  }
}

/** `{}`: in another way too, such as credentials in the form. */
const SHOWS: Readonly<Record<NonNullable<Operation['shows']>, readonly Json[]>> = {
  client: [{ clientSecret: [] }, { clientCertificate: [] }, {}],
  token: [{ accessToken: [] }],
  'registration token': [{ registrationToken: [] }],
  session: [{ session: [] }],
}

function describeOperation(operation: Operation, method: string, url: string): Json {
  const { summary, tag, query = [], shows, answers } = operation
  const inPath = [...url.matchAll(/:(\w+)/g)].map(([, name]) => ({
    name,
    in: 'path',
    required: true,
    schema: { type: 'string' },
  }))
  const inQuery = query.map((name) => ({ name, in: 'query', schema: { type: 'string' } }))
  const body = bodyOf(operation)
  return {
    operationId: `${method.toLowerCase()}${url.replaceAll(/[^A-Za-z0-9]+/g, '_')}`,
    summary,
    tags: [tag],
    parameters: [...inPath, ...inQuery],
    ...(body && { requestBody: body }),
    security: shows ? SHOWS[shows] : [],
    responses: Object.fromEntries(
      Object.entries(answers).map(([status, answer]) => [status, describeAnswer(status, answer)]),
    ),
  }
}

function bodyOf({ form, required = [], json }: Operation): Json | undefined {
  if (json) return { required: true, content: { 'application/json': { schema: schemaOf(json) } } }
  if (!form) return undefined
  const properties = Object.fromEntries([...new Set(form)].map((name) => [name, { type: 'string' }]))
  const schema = { type: 'object', properties, ...(required.length > 0 && { required }) }
  return { required: required.length > 0, content: { [FORM]: { schema } } }
}

const MEANINGS: Readonly<Record<string, string>> = {
  200: 'Done.',
  201: 'Made.',
  204: 'Gone.',
  303: 'Go on there.',
  304: 'As you have it.',
  400: 'The request cannot be granted.',
  401: 'Who asks is not known.',
  403: 'Not allowed.',
  429: 'Too many requests: wait as long as Retry-After says.',
  503: 'Not just now: try again after Retry-After.',
}

function describeAnswer(status: string, answer: Operation['answers'][number]): Json {
  const description = MEANINGS[status] ?? status
  const headers = status === '429' || status === '503' ? { 'Retry-After': { schema: { type: 'integer' } } } : undefined
  const content =
    answer === 'nothing'
      ? undefined
      : answer === 'page'
        ? { 'text/html': { schema: { type: 'string' } } }
        : { 'application/json': { schema: schemaOf(answer) } }
  return { description, ...(headers && { headers }), ...(content && { content }) }
}

function schemaOf(type: z.ZodType): Json {
  const { $schema: _, ...schema } = z.toJSONSchema(type)
  return schema
}

/** Metadata stands in several places. RFC 8414 section 3.1 inserts the well-known part before the issuer's path. */
function suffixOf(url: string, basePath: string): string {
  const inserted = /^(\/\.well-known\/[a-z-]+)(\/.*)?$/.exec(url)
  if (inserted && (inserted[2] ?? '') === basePath) return inserted[1]!
  return url.startsWith(`${basePath}/`) ? url.slice(basePath.length) : url
}
