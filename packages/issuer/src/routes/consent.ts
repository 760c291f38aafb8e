import type { FastifyReply, FastifyRequest } from 'fastify'
import type { JsonObject } from '@scitokens/core'
import type { Client } from '../clients/client.ts'
import type { CodeRecord } from '../grants/authorization-code.ts'
import { describeBounds } from '../people/describe-scope.ts'
import { type Html, html } from '../people/html.ts'
import { formTarget, sendPage, sendProblem } from '../people/page.ts'
import { openForm, sealForm } from '../people/form.ts'
import { readSession, type Session } from '../people/session.ts'
import { FIRST_ROUND, readStanding, refusalOf } from '../logins/standing.ts'
import type { Realm } from '../realm/realm.ts'
import { revokeHint } from './applications.ts'
import { auditOf, redirectBack, type ReplyTarget, sendCode } from './authorization-reply.ts'
import { formOf } from '../http/form-of.ts'

/** Asks the person. */
export function showConsent(
  realm: Realm,
  reply: FastifyReply,
  session: Session,
  { client, redirectUri, state }: ReplyTarget & { readonly client: Client },
  record: CodeRecord,
): FastifyReply {
  const sealed = sealForm(realm, session, 'consent', {
    record: JSON.parse(JSON.stringify(record)) as JsonObject,
    state: state ?? null,
  })
  const refreshable = client.grants.has('refresh_token')
  return sendPage(reply, {
    title: `Allow ${client.name}?`,
    formTargets: [formTarget(redirectUri)],
    body: html`<p>You are logged in as <strong>${session.person.name ?? session.person.subject}</strong>.
The application <strong>${client.name}</strong> wants to:</p>
<ul>${describeBounds(record.bounds, client.audience.allowed, refreshable).map((line) => html`<li>${line}</li>`)}</ul>
${unchecked(client)}
<p class="muted">Then you will return to <code>${formTarget(redirectUri)}</code>.</p>
<form method="post" action="${realm.endpoints.authorization}/consent"><input type="hidden" name="page" value="${sealed}">
<div class="actions"><button class="primary" name="answer" value="allow">Allow</button><button name="answer" value="deny">Refuse</button></div></form>
${refreshable ? revokeHint(realm) : undefined}`,
  })
}

/** `POST /authorize/consent`: the person answered. */
export async function consent(realm: Realm, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const form = formOf(request)
  const session = await readSession(realm, request)
  const page = openForm(realm, session, 'consent', form)
  if (!page) return sendProblem(reply, 400, 'This page was open for too long, or belongs to another login.')
  const record = page['record'] as unknown as CodeRecord
  const state = (page['state'] as string | null) ?? undefined
  const standing = await readStanding(realm, record.principal.subject, record.clientId)
  // The application was removed since, or another one of its name came: nobody is sent to where the old one was.
  if (refusalOf(standing, { round: record.round ?? FIRST_ROUND }) || !(await realm.clients.find(record.clientId)))
    return sendProblem(reply, 400, 'This application is no longer known here.')
  if (form.one('answer') === 'allow') {
    const expiresAt = Math.floor(realm.clock()) + realm.times.codeSeconds
    return sendCode(realm, reply, { ...record, expiresAt }, state, request.ip)
  }
  await realm.audit.write({ ...auditOf(realm, record, request.ip), event: 'consent_denied' })
  return redirectBack(
    realm,
    reply,
    { redirectUri: record.redirectUri, state },
    { error: 'access_denied', error_description: 'the person refused' },
  )
}

/** What people should know about an application that registered itself. RFC 6819 section 4.4.1.4. */
export function unchecked({ selfRegistered }: Client): Html | undefined {
  if (!selfRegistered) return undefined
  return html`<p class="notice">This application registered itself. Nobody here has checked it, and anybody can choose such a name: go on only if <strong>you</strong> started this.</p>`
}
