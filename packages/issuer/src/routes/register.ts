import { networkOfPeer } from '@scitokens/core/internal'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { isPersons, subjectChanges, subjectsOfStored } from '../clients/client-subjects.ts'
import { changedMetadata } from '../clients/changed-metadata.ts'
import {
  type ClientMetadata,
  readMetadata,
  REGISTERED_PREFIX,
  type RegisteredClient,
  toClientOptions,
} from '../clients/registration.ts'
import { removeClient } from '../clients/remove-client.ts'
import { OAuthError } from '../http/oauth-error.ts'
import { clientStateKey } from '../logins/standing.ts'
import type { Registration } from '../clients/open-registration.ts'
import type { Realm } from '../realm/realm.ts'
import { randomToken } from '../secrets/secrets.ts'
import type { Entry } from '../store/store.ts'
import { closed, type JsonSchema, oneOf, open, TEXT, TEXTS, URL_TEXT, WHOLE } from '../openapi/json-schema.ts'
import { CLIENT_REFUSED, ERROR_ANSWER, type Operation } from '../openapi/operation.ts'
import { described } from '../openapi/route-list.ts'
import { constraintsOf, type RouteContext } from './route-context.ts'
import { sendJson } from '../http/send-json.ts'
import { NO_STORE } from '../http/no-store.ts'

/** What a client always tells of itself again. RFC 7591 section 2. */
const METADATA: Readonly<Record<string, JsonSchema>> = {
  redirect_uris: TEXTS,
  grant_types: TEXTS,
  response_types: TEXTS,
  token_endpoint_auth_method: oneOf('client_secret_basic', 'client_secret_post', 'private_key_jwt', 'none'),
  application_type: TEXT,
}
const MORE_METADATA: Readonly<Record<string, JsonSchema>> = {
  client_name: TEXT,
  client_uri: TEXT,
  scope: TEXT,
  contacts: TEXTS,
  jwks: open(),
}
const REGISTERED: Readonly<Record<string, JsonSchema>> = {
  client_id: TEXT,
  client_id_issued_at: WHOLE,
  registration_client_uri: URL_TEXT,
  ...METADATA,
}
/** What is not known is ignored. */
const ASKED = open({}, { ...METADATA, ...MORE_METADATA })
/** RFC 7592 section 3. */
const ANSWER = closed(REGISTERED, MORE_METADATA)
/** RFC 7591 section 3.2.1: with what is told this once. */
const FIRST_ANSWER = closed(
  { ...REGISTERED, registration_access_token: TEXT },
  { ...MORE_METADATA, client_secret: TEXT, client_secret_expires_at: WHOLE },
)

const REGISTER: Operation = {
  summary: 'A client registers itself. RFC 7591',
  tag: 'clients',
  json: ASKED,
  answers: { 201: FIRST_ANSWER, ...CLIENT_REFUSED },
}
const READ: Operation = {
  summary: 'What is registered. RFC 7592 section 2.1',
  tag: 'clients',
  shows: 'registration token',
  answers: { 200: ANSWER, 401: ERROR_ANSWER, 503: ERROR_ANSWER },
}
const CHANGE: Operation = {
  summary: 'A client changes what it registered. RFC 7592 section 2.2',
  tag: 'clients',
  shows: 'registration token',
  json: ASKED,
  answers: { 200: ANSWER, ...CLIENT_REFUSED },
}
const REMOVE: Operation = {
  summary: 'A client ends its registration. RFC 7592 section 2.3',
  tag: 'clients',
  shows: 'registration token',
  answers: { 204: 'nothing', 401: ERROR_ANSWER, 503: ERROR_ANSWER },
}

/** Dynamic registration (RFC 7591) and its management (RFC 7592). There only where the configuration asks for it. */
export function registerRoutes(context: RouteContext): void {
  const { app, realm, basePath } = context
  if (!realm.registration) return
  const constraints = constraintsOf(context)
  void app.register(async (scope: FastifyInstance) => {
    scope.addContentTypeParser('application/json', { parseAs: 'string', bodyLimit: 32_768 }, (_request, body, done) => {
      try {
        done(null, JSON.parse(body as string))
      } catch {
        done(new OAuthError('invalid_client_metadata', 'the body is not JSON'))
      }
    })
    scope.post(`${basePath}/register`, { ...constraints, ...described({ POST: REGISTER }) }, (request, reply) =>
      register(realm, realm.registration!, request, reply),
    )
    scope.get(`${basePath}/register/:id`, { ...constraints, ...described({ GET: READ }) }, async (request, reply) => {
      const { entry } = await managed(realm, request)
      return sendJson(reply.headers(NO_STORE), JSON.stringify(describe(realm, entry.id, entry.value)))
    })
    scope.put(`${basePath}/register/:id`, { ...constraints, ...described({ PUT: CHANGE }) }, (request, reply) =>
      change(realm, realm.registration!, request, reply),
    )
    scope.delete(
      `${basePath}/register/:id`,
      { ...constraints, ...described({ DELETE: REMOVE }) },
      async (request, reply) => {
        const { entry } = await managed(realm, request)
        await removeClient(realm, entry.id)
        await audit(realm, request, 'client_removed', entry.id)
        return reply.headers(NO_STORE).code(204).send()
      },
    )
  })
}

async function register(
  realm: Realm,
  registration: Registration,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const { options, attempts } = registration
  const peer = networkOfPeer(request.ip)
  if (options.initialAccessTokens && !registration.accepts(bearerOf(request)))
    throw invalidToken('registration needs an initial access token')
  if (!attempts.allowed(peer)) {
    const headers = { 'retry-after': '3600' }
    throw new OAuthError('temporarily_unavailable', 'too many registrations from this address', {
      status: 429,
      headers,
    })
  }
  attempts.failed(peer)
  const metadata = await readMetadata(request.body, realm.defaults.grants)
  const clientId = await freeId(realm)
  const needsSecret = metadata.token_endpoint_auth_method.startsWith('client_secret')
  const secret = needsSecret ? randomToken() : undefined
  const token = randomToken()
  const value: RegisteredClient = {
    options: toClientOptions(clientId, metadata, options),
    secretHash: secret === undefined ? undefined : realm.secrets.hash('client-secret', clientId, secret),
    registrationTokenHash: realm.secrets.hash('lookup', 'registration', clientId, token),
    metadata,
    createdAt: Math.floor(realm.clock()),
  }
  // Refused here rather than at every later use.
  registration.read(value)
  if (!(await realm.store.insertIfAbsent({ realm: realm.issuer, kind: 'client', id: clientId, value })))
    throw new OAuthError('temporarily_unavailable', 'the id was given to somebody else at the same time, try again')
  await audit(realm, request, 'client_registered', clientId)
  const body = {
    ...describe(realm, clientId, value),
    ...(secret === undefined ? {} : { client_secret: secret, client_secret_expires_at: 0 }),
    registration_access_token: token,
  }
  return sendJson(reply.headers(NO_STORE).code(201), JSON.stringify(body))
}

/** An id that was never given: whoever had it before, a client or a person, must not come to life in this one. */
async function freeId(realm: Realm): Promise<string> {
  for (;;) {
    const clientId = `${REGISTERED_PREFIX}${randomToken(12)}`
    // oxlint-disable-next-line no-await-in-loop -- again only if the id is taken
    const [state, persons] = await Promise.all([
      realm.store.get(clientStateKey(realm, clientId)),
      isPersons(realm, clientId),
    ])
    if (!state && !persons) return clientId
  }
}

/**
 * RFC 7592 section 2.2: all metadata anew; secrets stay. What an operator approved was the client that it said it was: with whatever
 * changes, the approval ends (names and places that people see, and the keys by which it is known).
 */
async function change(
  realm: Realm,
  registration: Registration,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const { entry } = await managed(realm, request)
  const body = request.body as Record<string, unknown> | null
  if (body?.['client_id'] !== undefined && body['client_id'] !== entry.id)
    throw new OAuthError('invalid_request', 'client_id cannot be changed')
  const metadata: ClientMetadata = await readMetadata(body, realm.defaults.grants)
  if (metadata.token_endpoint_auth_method !== entry.value.metadata.token_endpoint_auth_method) {
    throw new OAuthError('invalid_client_metadata', 'token_endpoint_auth_method cannot be changed: register anew')
  }
  const { approved, ...old } = entry.value
  const changed = changedMetadata(old.metadata, metadata)
  const kept = approved && changed.length === 0 ? { approved } : {}
  const value: RegisteredClient = {
    ...old,
    ...kept,
    metadata,
    options: toClientOptions(entry.id, metadata, registration.options),
  }
  registration.read(value)
  const subjects = await subjectChanges(realm, entry.id, subjectsOfStored(entry.value), subjectsOfStored(value))
  if (!(await realm.store.commit([{ replace: entry, value, expiresAt: entry.expiresAt }, ...subjects]))) {
    throw new OAuthError('temporarily_unavailable', 'the client was changed at the same time, try again')
  }
  const ended = approved && changed.length > 0 ? ['the approval of an operator ended with this'] : []
  await audit(realm, request, 'client_changed', entry.id, [changed.join(' '), ...ended].join('; '))
  return sendJson(reply.headers(NO_STORE), JSON.stringify(describe(realm, entry.id, value)))
}

/** RFC 7592 section 2: the token decides; a client that is gone and a wrong token look alike. */
async function managed(realm: Realm, request: FastifyRequest): Promise<{ entry: Entry<RegisteredClient> }> {
  const { id } = request.params as { id: string }
  const token = bearerOf(request)
  const entry = await realm.store.get<RegisteredClient>({ realm: realm.issuer, kind: 'client', id })
  // Clients that an operator keeps have no such token.
  const good =
    entry?.value.registrationTokenHash !== undefined &&
    realm.secrets.matches('lookup', entry.value.registrationTokenHash, 'registration', id, token ?? '')
  if (!entry || !good) throw invalidToken('the registration access token is not valid')
  return { entry }
}

function describe(realm: Realm, clientId: string, { metadata, createdAt }: RegisteredClient): Record<string, unknown> {
  return {
    client_id: clientId,
    client_id_issued_at: createdAt,
    registration_client_uri: `${realm.endpoints.registration}/${clientId}`,
    ...metadata,
  }
}

function bearerOf(request: FastifyRequest): string | undefined {
  return /^bearer +(\S+)$/i.exec(request.headers.authorization ?? '')?.[1]
}

function invalidToken(description: string): OAuthError {
  return new OAuthError('invalid_token', description, {
    headers: { 'www-authenticate': 'Bearer error="invalid_token"' },
  })
}

async function audit(
  realm: Realm,
  request: FastifyRequest,
  event: 'client_registered' | 'client_changed' | 'client_removed',
  client: string,
  detail: string = '',
): Promise<void> {
  const time = Math.floor(realm.clock())
  const more = detail === '' ? {} : { detail }
  await realm.audit.write({ time, event, issuer: realm.issuer, client, address: request.ip, ...more })
}
