import { given } from '@scitokens/core/internal'
import type { FastifyReply } from 'fastify'
import type { Client } from '../clients/client.ts'
import type { AuditEvent } from '../audit/audit.ts'
import type { CodeRecord } from '../grants/authorization-code.ts'
import type { OAuthError } from '../http/oauth-error.ts'
import { html } from '../people/html.ts'
import { formTarget, pageHeaders, sendPage } from '../people/page.ts'
import type { Realm } from '../realm/realm.ts'
import { randomToken } from '../secrets/secrets.ts'

/** Where an answer goes. */
export interface ReplyTarget {
  readonly redirectUri: string
  readonly state: string | undefined
}

/** Makes a code and goes back to the application with it. */
export async function sendCode(
  realm: Realm,
  reply: FastifyReply,
  record: CodeRecord,
  state: string | undefined,
  address: string,
): Promise<FastifyReply> {
  const code = randomToken()
  const id = realm.secrets.hash('lookup', 'code', code)
  await realm.store.insertIfAbsent({
    realm: realm.issuer,
    kind: 'code',
    id,
    owner: record.principal.subject,
    value: record,
    expiresAt: record.expiresAt,
  })
  await realm.audit.write({ ...auditOf(realm, record, address), event: 'consent_given' })
  return redirectBack(realm, reply, { redirectUri: record.redirectUri, state }, { code })
}

/** What an audit line about a consent says. */
export function auditOf(
  realm: Realm,
  { clientId, principal, bounds }: CodeRecord,
  address: string,
): Omit<AuditEvent, 'event'> {
  return {
    time: Math.floor(realm.clock()),
    issuer: realm.issuer,
    client: clientId,
    subject: principal.subject,
    scope: bounds.scope.join(' '),
    audience: bounds.audience,
    address,
  }
}

/**
 * Tells the application why it gets no code. One that registered itself is not gone to by itself: anybody could register a
 * place and send people there by a link to this issuer. RFC 9700 section 4.11.2.
 */
export function refuseAuthorization(
  realm: Realm,
  reply: FastifyReply,
  client: Client,
  target: ReplyTarget,
  error: OAuthError,
): FastifyReply {
  const { error_description } = error.toBody()
  const answer = { error: error.error, error_description }
  if (!client.selfRegistered) return redirectBack(realm, reply, target, answer)
  const place = formTarget(target.redirectUri)
  return sendPage(reply, {
    title: 'This did not work',
    status: 400,
    body: html`<p>The application <strong>${client.name}</strong> cannot have what it asked for: ${error_description}.</p>
<p class="notice">This application registered itself; nobody here has checked it. Go back only if you trust <code>${place}</code>.</p>
<p><a href="${answerUrl(realm, target, answer)}">Go back to ${place}</a></p>`,
  })
}

/** Goes back to the application with an answer. */
export function redirectBack(
  realm: Realm,
  reply: FastifyReply,
  target: ReplyTarget,
  answer: Readonly<Record<string, string>>,
): FastifyReply {
  // Never 307, which would send the form on: RFC 9700 section 4.12.
  return reply.headers(pageHeaders([formTarget(target.redirectUri)])).redirect(answerUrl(realm, target, answer), 303)
}

/** RFC 9207: the answer names its issuer, so that an application with several cannot be confused. */
function answerUrl(
  realm: Realm,
  { redirectUri, state }: ReplyTarget,
  answer: Readonly<Record<string, string>>,
): string {
  const url = new URL(redirectUri)
  for (const [name, value] of Object.entries({
    ...answer,
    ...given({ state }),
    iss: realm.issuer,
  })) {
    url.searchParams.set(name, value)
  }
  return url.href
}
