import type { RealmContext } from '../context/realm-context.ts'
import type { Operation } from './operation.ts'
import type { KnownRoute } from './route-list.ts'

type Json = Readonly<Record<string, unknown>>

const FORM = 'application/x-www-form-urlencoded'

/**
 * The OpenAPI description (version 3.1) of an issuer, made of what its routes say of themselves.
 *
 * @param routes - of this issuer.
 */
export function describeApi(realm: RealmContext, routes: readonly KnownRoute[]): Json {
  const paths: Record<string, Record<string, Json>> = {}
  for (const { method, url, operation } of routes) {
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
export function undescribed(routes: readonly KnownRoute[]): readonly string[] {
  return routes.filter(({ operation }) => operation === undefined).map(({ method, url }) => `${method} ${url}`)
}

function securityOf({ issuer }: RealmContext): Json {
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
  if (json) return { required: true, content: { 'application/json': { schema: json } } }
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
        : { 'application/json': { schema: answer } }
  return { description, ...(headers && { headers }), ...(content && { content }) }
}
