import type { FastifyReply, FastifyRequest } from 'fastify'
import { type Html, html } from '../people/html.ts'
import { sendPage, sendProblem } from '../people/page.ts'
import { FORM_FIELD, openForm, sealForm } from '../people/form.ts'
import { endSession, readSessionCookie, type Session } from '../people/session.ts'
import type { Realm } from '../realm/realm.ts'
import { sentForm } from '../openapi/operation.ts'
import { described } from '../openapi/route-list.ts'
import { constraintsOf, type RouteContext } from './route-context.ts'
import { formOf } from '../http/form-of.ts'

const DESCRIBED = sentForm('A person logs out here', [FORM_FIELD], 'session')

/** `POST /logout`: ends the session of this browser. What was granted stays. */
export function logoutRoute(context: RouteContext): void {
  const { app, realm, basePath } = context
  if (!realm.upstream) return
  const options = { ...constraintsOf(context), ...described({ POST: DESCRIBED }) }
  app.post(`${basePath}/logout`, options, (request, reply) => logout(realm, request, reply))
}

async function logout(realm: Realm, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const form = formOf(request)
  // Another site must not be able to log people out either.
  if (!openForm(realm, readSessionCookie(realm, request), 'logout', form)) {
    return sendProblem(
      reply,
      400,
      'This page was open for too long, or belongs to another login.',
      'Open “Your applications” again: it says whether you are logged in.',
    )
  }
  endSession(realm, reply)
  return sendPage(reply, {
    title: 'You are logged out',
    body: html`<p>Applications keep what you allowed them. If you logged in with another service, log out there as well.</p>`,
  })
}

/** The button that belongs on pages of a session. */
export function logoutForm(realm: Realm, session: Session): Html {
  const sealed = sealForm(realm, session, 'logout')
  return html`<form class="last" method="post" action="${realm.issuer.replace(/\/$/, '')}/logout"><input type="hidden" name="page" value="${sealed}">
<div class="actions"><button>Log out</button></div></form>`
}
