import { given } from '@scitokens/core/internal'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Client } from '../clients/client.ts'
import { describeBounds } from '../people/describe-scope.ts'
import { describeDuration, describeTime } from '../people/describe-time.ts'
import { type Html, html } from '../people/html.ts'
import { sendPage, sendProblem } from '../people/page.ts'
import { FORM_FIELD, openForm, sealForm } from '../people/form.ts'
import { readSession, type Session } from '../people/session.ts'
import { clientRound, FIRST_ROUND, isSameRound } from '../logins/standing.ts'
import type { Realm } from '../realm/realm.ts'
import type { Entry } from '../store/store.ts'
import type { Family } from '../logins/refresh-token.ts'
import { revokeFamily } from '../logins/revoke-family.ts'
import { logoutForm } from './logout.ts'
import { redirectToLogin } from './login.ts'
import { describedPage, sentForm } from '../openapi/operation.ts'
import { described } from '../openapi/route-list.ts'
import { constraintsOf, type RouteContext } from './route-context.ts'
import { formOf } from '../http/form-of.ts'

/** Grants shown at most; "Revoke all" reaches those beyond, too. */
const MAX_SHOWN = 200

const GET = describedPage('What a person has allowed, to look at', { shows: 'session' })
const POST = sentForm('A person takes back what was allowed', [FORM_FIELD], 'session')

/** `GET` and `POST /applications`: a person sees what was granted in his or her name, and takes it back. */
export function applicationsRoutes(context: RouteContext): void {
  const { app, realm, basePath } = context
  if (!realm.upstream) return
  const constraints = constraintsOf(context)
  app.get(`${basePath}/applications`, { ...constraints, ...described({ GET }) }, async (request, reply) => {
    const session = await readSession(realm, request)
    if (!session) return redirectToLogin(realm, reply, realm.endpoints.applications)
    return show(realm, reply, session)
  })
  app.post(`${basePath}/applications`, { ...constraints, ...described({ POST }) }, (request, reply) =>
    revoke(realm, request, reply),
  )
}

/** Where people take back what they allow, to be told wherever they allow something. */
export function revokeHint(realm: Realm): Html {
  return html`<p class="muted">You can take this back at any time under <a href="${realm.endpoints.applications}">Your applications</a>.</p>`
}

/** One application and what it was granted, the latest used first. */
interface Application {
  readonly clientId: string
  readonly client: Client | undefined
  readonly grants: readonly Entry<Family>[]
}

async function show(
  realm: Realm,
  reply: FastifyReply,
  session: Session,
  outcome?: { readonly notice: Html; readonly status?: number },
): Promise<FastifyReply> {
  const families = await familiesOf(realm, session.person.subject, MAX_SHOWN + 1)
  const shown = (await withoutEnded(realm, session, families))
    .slice(0, MAX_SHOWN)
    .toSorted((a, b) => b.value.lastUsedAt - a.value.lastUsedAt)
  const applications = await Promise.all(
    [...Map.groupBy(shown, ({ value }) => value.clientId)].map(
      async ([clientId, grants]): Promise<Application> => ({
        clientId,
        client: await realm.clients.find(clientId),
        grants,
      }),
    ),
  )
  const sealed = sealForm(realm, session, 'applications')
  const list = html`<p>These applications can act for you, also while you are away:</p>
<form method="post" action="${realm.endpoints.applications}"><input type="hidden" name="page" value="${sealed}">
${applications.map((application) => describeApplication(realm, application))}</form>
${families.length > MAX_SHOWN ? html`<p class="muted">There are more than can be shown here: revoke some to see the others.</p>` : undefined}`
  return sendPage(reply, {
    title: 'Your applications',
    ...given({ status: outcome?.status }),
    body: html`${outcome && html`<p role="status">${outcome.notice}</p>`}
<p>You are logged in as <strong>${session.person.name ?? session.person.subject}</strong>.</p>
${applications.length === 0 ? html`<p>No application can act for you while you are away.</p>` : list}
${logoutForm(realm, session)}`,
  })
}

function describeApplication(realm: Realm, { clientId, client, grants }: Application): Html {
  const name = client?.name ?? clientId
  const all = html`<div class="actions"><button name="client" value="${clientId}">Revoke all of ${name}</button></div>`
  return html`<section><h2>${name}</h2>
${client === undefined ? html`<p class="muted">This application is not known here any more.</p>` : undefined}
${grants.map((grant) => describeGrant(realm, name, client, grant))}
${grants.length > 1 ? all : undefined}</section>
`
}

function describeGrant(
  realm: Realm,
  name: string,
  client: Client | undefined,
  { id, value, expiresAt }: Entry<Family>,
): Html {
  const { bounds, createdAt, lastUsedAt, grant } = value
  return html`<article>
<p>${realm.grants.get(grant)?.label ?? 'Allowed'}. It may:</p>
<ul>${describeBounds(bounds, client?.audience.allowed, false).map((line) => html`<li>${line}</li>`)}</ul>
<dl><dt>Since</dt><dd>${describeTime(createdAt)}</dd>
<dt>Last used</dt><dd>${describeTime(lastUsedAt)}</dd>
<dt>Until</dt><dd>${expiresAt === undefined ? 'you revoke it' : html`${describeTime(expiresAt, 'day')}, or later if it is used before`}</dd></dl>
<div class="actions"><button name="family" value="${id}" aria-label="Revoke this access of ${name}">Revoke</button></div></article>
`
}

async function revoke(realm: Realm, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const form = formOf(request)
  const session = await readSession(realm, request)
  if (!session || !openForm(realm, session, 'applications', form)) {
    return sendProblem(
      reply,
      400,
      'This page was open for too long, or belongs to another login.',
      'Nothing was revoked. Open “Your applications” again.',
    )
  }
  const ended = await revokeChosen(realm, session.person.subject, form.one('family'), form.one('client'), request.ip)
  if (ended.length === 0) {
    return show(realm, reply, session, { notice: html`That access had ended already.` })
  }
  const { clientId } = ended[0]!
  const client = await realm.clients.find(clientId)
  const lifetime = describeDuration(client?.lifetime ?? realm.times.maxLifetime)
  return show(realm, reply, session, {
    notice: html`Revoked: <strong>${client?.name ?? clientId}</strong> gets no new access by it. What it holds already ends within ${lifetime}.`,
  })
}

/** Ends one family or all of a client. Those of other people do not exist here. */
async function revokeChosen(
  realm: Realm,
  subject: string,
  familyId: string | undefined,
  clientId: string | undefined,
  address: string,
): Promise<readonly Family[]> {
  const chosen =
    familyId === undefined
      ? (await familiesOf(realm, subject)).filter(({ value }) => value.clientId === clientId)
      : [await realm.store.get<Family>({ realm: realm.issuer, kind: 'family', id: familyId })]
  const ended = await Promise.all(
    chosen.map(async (entry) => {
      if (!entry || entry.owner !== subject) return []
      return (await revokeFamily(realm, entry, { event: 'token_revoked', address, detail: 'by the person' }))
        ? [entry.value]
        : []
    }),
  )
  return ended.flat()
}

/** Without those that an operator ended, or that ended with their client, and that wait to be cleared away. */
async function withoutEnded(
  realm: Realm,
  session: Session,
  families: readonly Entry<Family>[],
): Promise<readonly Entry<Family>[]> {
  const rounds = families.map(({ value: { round = FIRST_ROUND, clientId } }) => ({ began: round, clientId }))
  const ids = new Set(rounds.flatMap(({ began, clientId }) => [clientId, ...(began.from ? [began.from.client] : [])]))
  const counted = new Map(await Promise.all([...ids].map(async (id) => [id, await clientRound(realm, id)] as const)))
  return families.filter((_, index) => {
    const { began, clientId } = rounds[index]!
    const { from } = began
    return isSameRound(began, {
      person: session.round ?? 0,
      client: counted.get(clientId)!,
      ...(from && { from: { client: from.client, round: counted.get(from.client)! } }),
    })
  })
}

/** The families of a person, by the index on owners. `limit`: at most so many. */
async function familiesOf(realm: Realm, owner: string, limit: number = Infinity): Promise<readonly Entry<Family>[]> {
  const found: Entry<Family>[] = []
  const page = Math.min(limit, 1000)
  for (;;) {
    const after = found.at(-1)?.id
    // oxlint-disable-next-line no-await-in-loop -- each page begins where the last one ended
    const entries = await realm.store.list<Family>(realm.issuer, 'family', {
      owner,
      limit: page,
      ...given({ after }),
    })
    found.push(...entries)
    if (entries.length < page || found.length >= limit) return found
  }
}
