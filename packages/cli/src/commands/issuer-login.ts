import { InvalidRequestError } from '@scitokens/core'
import { given } from '@scitokens/core/internal'
import type { DescribedLogin, LoginChoice, LoginQuery } from '@scitokens/issuer'
import type { Command } from 'commander'
import { type Invocation, onAction, type Registry } from '../command.ts'
import { grantName } from '../describe-client.ts'
import { withExamples } from '../examples.ts'
import { EXIT, type ExitCode } from '../exit-codes.ts'
import { type RealmOptions, withRealm, withRealmOptions } from '../issuer-realm.ts'
import { alignColumns } from '../table.ts'

interface ChoiceOptions extends RealmOptions {
  readonly subject?: string
  readonly client?: string
  readonly family?: string
}

const CONFIG = '--config /etc/scitokens/issuer.yaml'

/** Adds `scitokens issuer login …`. */
export function addIssuerLogin(group: Command, registry: Registry): void {
  const login = group
    .command('login')
    .description(
      'Lists logins that go on, those with a refresh token, and ends them; a running issuer follows at once.',
    )

  const list = withChoice(
    login.command('list').description('Lists logins that go on. Every condition that is given must hold.'),
  )
  withExamples(list, [
    ['what can act for ana?', `scitokens issuer login list ${CONFIG} --subject ana`],
    ['who uses the portal?', `scitokens issuer login list ${CONFIG} --client portal`],
  ])
  onAction(list, registry, listLogins)

  const end = withChoice(
    login
      .command('end')
      .description(
        'Ends logins for good: all of a person, all with a client, or one. Refresh tokens, codes, device logins and sessions end at once; access ' +
          'tokens that are out are good until they expire at servers that do not ask the issuer. The person can log in again: see person suspend.',
      ),
  )
  withExamples(end, [
    ['ana lost her laptop', `scitokens issuer login end ${CONFIG} --subject ana`],
    ['the portal was broken into', `scitokens issuer login end ${CONFIG} --client portal`],
    ['one that login list or the audit shows', `scitokens issuer login end ${CONFIG} --family gdYdDkX1OijZzfn7eWZAuA`],
  ])
  onAction(end, registry, endLogins)
}

function withChoice(command: Command): Command {
  return withRealmOptions(command)
    .option('--subject <name>', 'of this person, as tokens name it')
    .option('--client <id>', 'with this client')
    .option('--family <id>', 'one login, as the audit names it')
}

function listLogins({ context, output, options }: Invocation<ChoiceOptions>): Promise<ExitCode> {
  return withRealm(options, context, async (realm) => {
    const { LoginAdmin } = await import('@scitokens/issuer')
    const logins: DescribedLogin[] = []
    for await (const one of new LoginAdmin(realm).list(queryOf(options))) logins.push(one)
    output.result({ issuer: realm.issuer, logins }, () => (logins.length === 0 ? 'no login goes on' : tableOf(logins)))
    return EXIT.yes
  })
}

function endLogins({ context, output, options }: Invocation<ChoiceOptions>): Promise<ExitCode> {
  const choice = choiceOf(options)
  return withRealm(options, context, async (realm) => {
    const { LoginAdmin } = await import('@scitokens/issuer')
    const { families } = await new LoginAdmin(realm).end(choice)
    const count = families.length === 1 ? '1 login that went on' : `${families.length} logins that went on`
    const more = 'family' in choice ? '' : ', and whatever was under way'
    output.result({ ok: true, ...choice, families }, () => `ended ${count}${more}`)
    return EXIT.yes
  })
}

function queryOf({ subject, client, family }: ChoiceOptions): LoginQuery {
  return {
    ...given({ subject, client, family }),
  }
}

/** Exactly one: two conditions could be meant as "both" or as "either", and what was ended does not come back. */
function choiceOf(options: ChoiceOptions): LoginChoice {
  const query = queryOf(options)
  if (Object.keys(query).length === 1) return query as LoginChoice
  throw new InvalidRequestError(
    'invalid_request',
    'say which logins are to end, by one of --subject, --client and --family',
  )
}

function tableOf(logins: readonly DescribedLogin[]): string {
  const time = (seconds: number): string => new Date(seconds * 1000).toISOString().slice(0, 16)
  return alignColumns([
    ['FAMILY', 'SUBJECT', 'CLIENT', 'BY', 'SINCE', 'LAST USED', 'MAY'],
    ...logins.map(({ family, subject, client, grant, createdAt, lastUsedAt, scope }) => [
      family,
      subject,
      client,
      grantName(grant),
      time(createdAt),
      time(lastUsedAt),
      scope,
    ]),
  ])
}
