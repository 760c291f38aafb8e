import { formatRetryAfter } from '@scitokens/core/internal'
import { randomInt } from 'node:crypto'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { authenticateClient, CLIENT_PARAMETERS } from '../client-auth/authenticate.ts'
import { deviceCode, type DeviceRecord } from '../grants/device-code.ts'
import { OAuthError } from '../http/oauth-error.ts'
import { TARGET_PARAMETERS } from '../http/parameter-names.ts'
import { describeBounds } from '../people/describe-scope.ts'
import { describeDuration } from '../people/describe-time.ts'
import { type Html, html } from '../people/html.ts'
import { judge } from '../issuance/judge-request.ts'
import { sendPage, sendProblem } from '../people/page.ts'
import { FORM_FIELD, openForm, sealForm } from '../people/form.ts'
import { principalOf, readSession, type Session } from '../people/session.ts'
import { clientRound } from '../logins/standing.ts'
import { authenticationTools } from '../issuance/authentication-tools.ts'
import { requestedAudience } from '../policy/audience.ts'
import type { GrantBounds } from '../policy/decide.ts'
import { parseRequestedScopes, refuseMereAddition } from '../policy/requested-scopes.ts'
import type { Realm } from '../realm/realm.ts'
import { randomToken } from '../secrets/secrets.ts'
import { revokeHint } from './applications.ts'
import { unchecked } from './consent.ts'
import { redirectToLogin } from './login.ts'
import { closed, POSITIVE, meaning, TEXT, URL_TEXT } from '../openapi/json-schema.ts'
import { CLIENT_REFUSED, type Operation, type Operations, describedPage, sentForm } from '../openapi/operation.ts'
import { described } from '../openapi/route-list.ts'
import { constraintsOf, type RouteContext } from './route-context.ts'
import { sendJson } from '../http/send-json.ts'
import { formOf } from '../http/form-of.ts'
import { NO_STORE } from '../http/no-store.ts'
import { peerCertificate } from '../client-auth/peer-certificate.ts'

const BEGIN: Operation = {
  summary: 'Begins a login for a device without a browser. RFC 8628 section 3.1',
  tag: 'tokens',
  form: [...TARGET_PARAMETERS, ...CLIENT_PARAMETERS],
  shows: 'client',
  answers: {
    // RFC 8628 section 3.2.
    200: closed({
      device_code: TEXT,
      user_code: TEXT,
      verification_uri: URL_TEXT,
      verification_uri_complete: URL_TEXT,
      verification_url: meaning(URL_TEXT, 'The same, for clients of before the RFC.'),
      expires_in: POSITIVE,
      interval: POSITIVE,
    }),
    ...CLIENT_REFUSED,
  },
}
const ASK = describedPage('Where a person types the code that a device shows', { query: ['user_code'] })
const TYPED = sentForm('A person has typed a code', [FORM_FIELD, 'user_code'], 'session')
const ANSWERED = sentForm('A person allows a device, or not', [FORM_FIELD, 'answer'], 'session')

/** RFC 8628: where a device asks for codes, and the pages where a person answers. */
export function deviceRoutes(context: RouteContext): void {
  const { app, realm, basePath } = context
  if (!realm.upstream) return
  const options = (operations: Operations) => ({ ...constraintsOf(context), ...described(operations) })
  app.post(`${basePath}/device_authorization`, options({ POST: BEGIN }), (request, reply) =>
    begin(realm, request, reply),
  )
  app.get(`${basePath}/device`, options({ GET: ASK }), (request, reply) => askForCode(realm, request, reply))
  app.post(`${basePath}/device`, options({ POST: TYPED }), (request, reply) => showDevice(realm, request, reply))
  app.post(`${basePath}/device/answer`, options({ POST: ANSWERED }), (request, reply) => answer(realm, request, reply))
}

// RFC 8628 section 6.1: no vowels, so no words; 20^8 codes.
const ALPHABET = 'BCDFGHJKLMNPQRSTVWXZ'

function newUserCode(): string {
  const letters = Array.from({ length: 8 }, () => ALPHABET[randomInt(ALPHABET.length)])
  return `${letters.slice(0, 4).join('')}-${letters.slice(4).join('')}`
}

/** However a person types it. */
function normaliseUserCode(text: string): string {
  return text.toUpperCase().replaceAll(/[^A-Z]/g, '')
}

/** As the device shows it, so that the two can be compared. */
function displayUserCode(text: string): string {
  const code = normaliseUserCode(text)
  return code.length === 8 ? `${code.slice(0, 4)}-${code.slice(4)}` : code
}

async function begin(realm: Realm, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const parameters = formOf(request)
  const { client } = await authenticateClient(
    { authorization: request.headers.authorization, certificate: peerCertificate(request), parameters },
    authenticationTools(realm),
  )
  parameters.refuseDuplicates([...CLIENT_PARAMETERS, 'scope'])
  if (!client.grants.has(deviceCode.grantType))
    throw new OAuthError('unauthorized_client', 'this client may not use the device flow')
  const scope = parameters.one('scope') ?? ''
  refuseMereAddition(parseRequestedScopes(scope))
  const device = randomToken()
  const expiresAt = Math.floor(realm.clock()) + realm.times.deviceCodeSeconds
  const record: DeviceRecord = {
    clientId: client.clientId,
    scope,
    audience: requestedAudience(parameters),
    expiresAt,
    round: { person: 0, client: await clientRound(realm, client.clientId) },
    state: 'waiting',
  }
  const id = realm.secrets.hash('lookup', 'device', device)
  const userCode = await insertDevice(realm, id, record)
  const verificationUri = realm.endpoints.deviceVerification
  reply.headers(NO_STORE)
  return sendJson(
    reply,
    JSON.stringify({
      device_code: device,
      user_code: userCode,
      verification_uri: verificationUri,
      // The name of early drafts, which some clients still read.
      verification_url: verificationUri,
      verification_uri_complete: `${verificationUri}?user_code=${userCode}`,
      expires_in: realm.times.deviceCodeSeconds,
      interval: realm.times.deviceIntervalSeconds,
    }),
  )
}

/** The device is remembered for a while beyond its time, so that it can be told that it is over. */
const REMEMBER_SECONDS = 300

async function insertDevice(realm: Realm, id: string, record: DeviceRecord): Promise<string> {
  const { expiresAt } = record
  for (let attempt = 0; attempt < 10; attempt++) {
    const userCode = newUserCode()
    // oxlint-disable-next-line no-await-in-loop -- again only if the code is taken
    const inserted = await realm.store.commit([
      { insert: { realm: realm.issuer, kind: 'device', id, value: record, expiresAt: expiresAt + REMEMBER_SECONDS } },
      {
        insert: {
          realm: realm.issuer,
          kind: 'user_code',
          id: userCodeId(realm, userCode),
          value: { device: id },
          expiresAt,
        },
      },
    ])
    if (inserted) return userCode
  }
  throw new OAuthError('temporarily_unavailable', 'no code is free just now')
}

function userCodeId(realm: Realm, userCode: string): string {
  return realm.secrets.hash('lookup', 'user-code', normaliseUserCode(userCode))
}

/** `GET /device`: which device is it? The code may come with the link; it is shown to be compared, never taken at once. */
async function askForCode(realm: Realm, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const url = new URL(request.url, realm.issuer)
  const session = await readSession(realm, request)
  const given = normaliseUserCode(url.searchParams.get('user_code') ?? '').slice(0, 8)
  if (!session) {
    const back = given === '' ? '' : `?user_code=${given}`
    return redirectToLogin(realm, reply, realm.endpoints.deviceVerification + back)
  }
  return sendPage(reply, codePage(realm, session, given, undefined))
}

function codePage(realm: Realm, session: Session, given: string, problem: string | undefined) {
  const sealed = sealForm(realm, session, 'device')
  const body: Html = html`<p>You are logged in as <strong>${session.person.name ?? session.person.subject}</strong>.</p>
${problem === undefined ? undefined : html`<p role="alert" id="problem">${problem}</p>`}
<form method="post" action="${realm.endpoints.deviceVerification}"><input type="hidden" name="page" value="${sealed}">
<label for="user_code">Code that your device shows</label>
<input id="user_code" name="user_code" value="${displayUserCode(given)}"${problem === undefined ? undefined : html` aria-invalid="true" aria-describedby="problem"`} required autocomplete="off" autocapitalize="characters" spellcheck="false" maxlength="16">
<div class="actions"><button class="primary">Continue</button></div></form>`
  return { title: 'Connect a device', body, ...(problem === undefined ? {} : { status: 400 }) }
}

async function findDevice(realm: Realm, userCode: string) {
  const entry = await realm.store.get<{ device: string }>({
    realm: realm.issuer,
    kind: 'user_code',
    id: userCodeId(realm, userCode),
  })
  if (!entry) return undefined
  const device = await realm.store.get<DeviceRecord>({ realm: realm.issuer, kind: 'device', id: entry.value.device })
  if (device?.value.state !== 'waiting' || device.value.expiresAt <= realm.clock()) return undefined
  return (device.value.round?.client ?? 0) === (await clientRound(realm, device.value.clientId)) ? device : undefined
}

/** `POST /device`: the code was typed in. What it leads to is always shown before anything is allowed. RFC 8628 section 5.4. */
async function showDevice(realm: Realm, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const form = formOf(request)
  const session = await readSession(realm, request)
  if (!session || !openForm(realm, session, 'device', form)) return stale(reply)
  const userCode = form.one('user_code') ?? ''
  if (!realm.codeAttempts.allowed(session.person.subject)) {
    const { wrongCodeSeconds } = realm.times
    const problem = `Too many wrong codes. Wait ${describeDuration(wrongCodeSeconds)}.`
    return sendProblem(reply.header('retry-after', formatRetryAfter(wrongCodeSeconds)), 429, problem)
  }
  const device = await findDevice(realm, userCode)
  const client = device && (await realm.clients.find(device.value.clientId))
  if (!device || !client) {
    realm.codeAttempts.failed(session.person.subject)
    return sendPage(reply, codePage(realm, session, '', 'This code is not known, or too old.'))
  }
  let bounds: GrantBounds
  try {
    bounds = judge(realm, client, principalOf(session), device.value.scope, device.value.audience)
  } catch (error) {
    if (error instanceof OAuthError)
      return sendProblem(reply, 403, `You cannot allow what the device asks for: ${error.message}.`)
    throw error
  }
  const sealed = sealForm(realm, session, 'device-answer', { userCode: normaliseUserCode(userCode) })
  return sendPage(reply, {
    title: `Allow ${client.name}?`,
    body: html`<p>You are logged in as <strong>${session.person.name ?? session.person.subject}</strong>.
A device that runs <strong>${client.name}</strong> wants to:</p>
<ul>${describeBounds(bounds, client.audience.allowed, client.grants.has('refresh_token')).map((line) => html`<li>${line}</li>`)}</ul>
${unchecked(client)}
<p class="notice">Go on only if <strong>you</strong> started this, and your device shows <code class="nowrap">${displayUserCode(userCode)}</code>.</p>
<form method="post" action="${realm.endpoints.deviceVerification}/answer"><input type="hidden" name="page" value="${sealed}">
<div class="actions"><button class="primary" name="answer" value="allow">Allow</button><button name="answer" value="deny">Refuse</button></div></form>`,
  })
}

async function answer(realm: Realm, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const form = formOf(request)
  const session = await readSession(realm, request)
  const page = openForm(realm, session, 'device-answer', form)
  if (!session || !page) return stale(reply)
  const userCode = page['userCode'] as string
  const device = await findDevice(realm, userCode)
  const client = device && (await realm.clients.find(device.value.clientId))
  if (!device || !client) return stale(reply)
  const allow = form.one('answer') === 'allow'
  const principal = principalOf(session)
  const value: DeviceRecord = allow
    ? {
        ...device.value,
        state: 'approved',
        principal,
        round: { person: session.round ?? 0, client: device.value.round?.client ?? 0 },
        bounds: judge(realm, client, principal, device.value.scope, device.value.audience),
      }
    : { ...device.value, state: 'denied' }
  const done = await realm.store.commit([
    { replace: device, value, expiresAt: device.expiresAt },
    { remove: { realm: realm.issuer, kind: 'user_code', id: userCodeId(realm, userCode) } },
  ])
  if (!done) return stale(reply)
  await realm.audit.write({
    time: Math.floor(realm.clock()),
    event: allow ? 'device_approved' : 'device_denied',
    issuer: realm.issuer,
    client: client.clientId,
    subject: principal.subject,
    address: request.ip,
  })
  return sendPage(reply, {
    title: allow ? 'Your device is connected' : 'Your device was refused',
    body: allow
      ? html`<p>Go back to your device. You can close this page.</p>${revokeHint(realm)}`
      : html`<p>Nothing was allowed. You can close this page.</p>`,
  })
}

function stale(reply: FastifyReply): FastifyReply {
  return sendProblem(reply, 400, 'This page was open for too long, or belongs to another login.')
}
