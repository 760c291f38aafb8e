import type { FastifyReply, FastifyRequest } from 'fastify'
import type { JsonObject } from '@scitokens/core'
import { given, readUrl } from '@scitokens/core/internal'
import { fromRawHeaders } from '@scitokens/enforcer/http'
import { Parameters } from '../http/parameters.ts'
import { clearCookie, readSealedCookie, type SealedCookie, setSealedCookie } from '../http/cookies.ts'
import { FORM_FIELD, openForm, sealForm, type Shown } from '../people/form.ts'
import { html } from '../people/html.ts'
import { pageHeaders, sendPage, sendProblem } from '../people/page.ts'
import { beginSession, endSession } from '../people/session.ts'
import { explainRefusal, notePerson, readPerson, type StandingRefusal } from '../logins/standing.ts'
import type { LoginRequest, LoginStep, Person, Upstream } from '../people/upstream.ts'
import type { Realm } from '../realm/realm.ts'
import { randomToken } from '../secrets/secrets.ts'
import { describedPage, sentForm } from '../openapi/operation.ts'
import { described } from '../openapi/route-list.ts'
import { constraintsOf, type RouteContext } from './route-context.ts'

/** A login under way, kept with the browser: where to go afterwards, and what the upstream wants remembered. */
function loginCookie(realm: Realm): SealedCookie {
  return { name: 'login', path: '/login', maxAgeSeconds: realm.times.loginSeconds }
}

const GET = describedPage('Where people log in, and come back to from the identity provider')
const POST = sentForm('The same, by a form', ['token'])

/** `GET` and `POST /login`: a person says who he is, by the configured upstream. */
export function loginRoutes(context: RouteContext): void {
  const { app, realm, basePath } = context
  const { upstream } = realm
  if (!upstream) return
  app.route({
    method: ['GET', 'POST'],
    url: `${basePath}/login`,
    ...constraintsOf(context),
    ...described({ GET, POST }),
    handler: (request, reply) => login(realm, upstream, request, reply),
  })
}

/** A request to the login page, and the login that it belongs to. */
interface LoginUnderWay {
  readonly request: FastifyRequest
  readonly parameters: Parameters
  /** Where the person goes afterwards: a page of this issuer. */
  readonly destination: string
  /** The application wants the person to prove it anew. */
  readonly again: boolean
  /** What the browser was told of this login by its cookie; undefined: nothing yet. */
  readonly shown: Shown | undefined
  /** What the upstream wanted remembered at the last step. */
  readonly remembered: JsonObject | undefined
}

async function login(
  realm: Realm,
  upstream: Upstream,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const underWay = readLogin(realm, request)
  if (!underWay) return sendProblem(reply, 400, 'This login was not begun here, or too long ago.')
  // Login CSRF: a form counts only in the browser that was shown it.
  if (request.method === 'POST' && !openForm(realm, underWay.shown, 'login', underWay.parameters)) {
    return sendProblem(reply, 400, 'This form is not from the login page of this browser.')
  }
  const step = await upstream.step(askUpstream(realm, underWay))
  if ('person' in step) return finish(realm, upstream, underWay, step.person, reply)
  return goOn(realm, underWay, step, reply)
}

/** What the request says of the login: one that begins (`continue`), or one under way, by its cookie. */
function readLogin(realm: Realm, request: FastifyRequest): LoginUnderWay | undefined {
  const { search } = new URL(request.url, baseOf(realm))
  const parameters = request.body instanceof Parameters ? request.body : Parameters.parse(search.slice(1))
  const state = readSealedCookie(realm, request, loginCookie(realm))
  const shown = typeof state?.['id'] === 'string' ? { id: state['id'] } : undefined
  const begun = parameters.one('continue')
  const destination = begun === undefined ? (state?.['continue'] as string | undefined) : localDestination(realm, begun)
  if (destination === undefined) return undefined
  return {
    request,
    parameters,
    destination,
    again: begun === undefined ? state?.['again'] === true : parameters.has('again'),
    shown,
    remembered: begun === undefined ? (state?.['remember'] as JsonObject | undefined) : undefined,
  }
}

function askUpstream(realm: Realm, { request, parameters, again, remembered }: LoginUnderWay): LoginRequest {
  const { rawHeaders, socket } = request.raw
  return {
    method: request.method as 'GET' | 'POST',
    url: new URL(request.url, baseOf(realm)),
    parameters,
    headers: fromRawHeaders(rawHeaders),
    remoteAddress: socket.remoteAddress ?? '',
    localAddress: socket.localAddress ?? socket.remoteAddress ?? '',
    // Of the server, not of the connection: a connection that was reset has no address either.
    overUnixSocket: typeof request.server.server.address() === 'string',
    loginUrl: `${baseOf(realm)}/login`,
    again,
    remembered,
  }
}

/** It is known who the person is: a session begins, and the person goes on to where the login was begun. */
async function finish(
  realm: Realm,
  upstream: Upstream,
  { request, destination }: LoginUnderWay,
  person: Person,
  reply: FastifyReply,
): Promise<FastifyReply> {
  clearCookie(realm, reply, loginCookie(realm))
  const admitted = await admitToLogin(realm, person.subject)
  if (typeof admitted === 'string') return refuseLogin(realm, upstream, request, reply, person, admitted)
  beginSession(realm, reply, person, admitted)
  await realm.audit.write({
    time: Math.floor(realm.clock()),
    event: 'login',
    issuer: realm.issuer,
    subject: person.subject,
    address: request.ip,
    detail: upstream.name,
  })
  return reply.headers(pageHeaders()).redirect(destination, 303)
}

/** The next step: elsewhere, or a form of the upstream on a page of ours. The cookie says what it belongs to. */
function goOn(
  realm: Realm,
  { destination, again, shown: before }: LoginUnderWay,
  step: Exclude<LoginStep, { person: unknown }>,
  reply: FastifyReply,
): FastifyReply {
  const shown = before ?? { id: randomToken(18) }
  const remember = 'redirect' in step ? step.remember : {}
  setSealedCookie(realm, reply, loginCookie(realm), { ...shown, continue: destination, again, remember })
  if ('redirect' in step) return reply.headers(pageHeaders()).redirect(step.redirect, 303)
  const token = sealForm(realm, shown, 'login', {}, realm.times.loginSeconds)
  const { title, status, form } = step
  return sendPage(reply, {
    title,
    ...given({ status }),
    body: html`<form method="post" action="${baseOf(realm)}/login"><input type="hidden" name="${FORM_FIELD}" value="${token}">${form}</form>`,
  })
}

function baseOf({ issuer }: Realm): string {
  return issuer.replace(/\/$/, '')
}

/** The round of a person's logins, or why there is none. Throws `undecided`. */
async function admitToLogin(realm: Realm, subject: string): Promise<number | StandingRefusal> {
  if ((await readPerson(realm, subject)).heldByClient) return 'subject_of_client'
  const person = await notePerson(realm, subject)
  if (person === 'subject_of_client') return person
  return person.suspended ? 'suspended' : person.round
}

/** The person is who the upstream says, and yet gets no session. */
async function refuseLogin(
  realm: Realm,
  upstream: Upstream,
  request: FastifyRequest,
  reply: FastifyReply,
  { subject }: Person,
  refusal: StandingRefusal,
): Promise<FastifyReply> {
  const why = `${upstream.name}: ${explainRefusal(refusal)}`
  await realm.audit.write({
    time: Math.floor(realm.clock()),
    event: 'login_refused',
    issuer: realm.issuer,
    subject,
    address: request.ip,
    error: 'access_denied',
    detail: why,
  })
  endSession(realm, reply)
  const problem =
    refusal === 'suspended'
      ? 'Your access has been suspended.'
      : 'Your name at the login service is one that an application has here, so you cannot be told apart from it.'
  return sendPage(reply, {
    title: 'You are not logged in',
    status: 403,
    body: html`<p>${problem}</p><p class="muted">Nothing was allowed. Ask those who run this service.</p>`,
  })
}

/** Only pages of this issuer are gone back to: no open redirect. RFC 9700 section 4.11. */
function localDestination(realm: Realm, destination: string): string | undefined {
  const url = readUrl(destination)
  if (url === undefined) return undefined
  const places = [realm.endpoints.authorization, realm.endpoints.deviceVerification, realm.endpoints.applications]
  return places.some((place) => url.origin + url.pathname === place) ? url.href : undefined
}

/** Sends a person to the login page, and back to `destination` afterwards. `again`: what the upstream remembers is not enough. */
export function redirectToLogin(
  realm: Realm,
  reply: FastifyReply,
  destination: string,
  again: boolean = false,
): FastifyReply {
  const url = new URL(`${baseOf(realm)}/login`)
  url.searchParams.set('continue', destination)
  if (again) url.searchParams.set('again', '1')
  return reply.headers(pageHeaders()).redirect(url.href, 303)
}
