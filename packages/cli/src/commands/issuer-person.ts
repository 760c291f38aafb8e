import { given } from '@scitokens/core/internal'
import type { DescribedPerson, PersonAdmin } from '@scitokens/issuer'
import type { Command } from 'commander'
import { type Invocation, onAction, type Registry } from '../command.ts'
import { withExamples } from '../examples.ts'
import { EXIT, type ExitCode } from '../exit-codes.ts'
import { type Realm, type RealmOptions, withRealm, withRealmOptions } from '../issuer-realm.ts'
import { alignColumns } from '../table.ts'

interface SuspendOptions extends RealmOptions {
  readonly reason?: string
  readonly endLogins?: boolean
}

interface ListOptions extends RealmOptions {
  readonly suspended?: boolean
}

const CONFIG = '--config /etc/scitokens/issuer.yaml'

/** Adds `scitokens issuer person …`. */
export function addIssuerPerson(group: Command, registry: Registry): void {
  const person = group
    .command('person')
    .description('Keeps a person out, and lets a person in again; a running issuer follows at once.')

  addSuspend(person, registry)
  addResume(person, registry)
  addList(person, registry)
}

function addSuspend(person: Command, registry: Registry): void {
  const suspend = withRealmOptions(
    person
      .command('suspend')
      .description(
        'Suspends a person: no login and no token in any way, until resumed. Access tokens that are out are good until they expire at servers ' +
          'that do not ask the issuer.',
      )
      .argument('<subject>', 'the person, as tokens name it'),
  )
    .option('--reason <text>', 'for other operators; stands in the audit')
    .option('--end-logins', 'end all that the person had for good, so that nothing of it works after a resume')
  withExamples(suspend, [
    [
      'somebody else has what ana has',
      `scitokens issuer person suspend ana ${CONFIG} --end-logins --reason "incident 7"`,
    ],
  ])
  onAction(suspend, registry, suspendPerson)
}

function addResume(person: Command, registry: Registry): void {
  const resume = withRealmOptions(
    person
      .command('resume')
      .description('Lets a suspended person in again. Logins that were not ended go on.')
      .argument('<subject>', 'the person'),
  )
  withExamples(resume, [['it was a mistake', `scitokens issuer person resume ana ${CONFIG}`]])
  onAction(resume, registry, (invocation: Invocation<RealmOptions>, subject: string) =>
    onPeople(invocation, async (people, { output }) => {
      const resumed = await people.resume(subject)
      output.result(resumed, () => `${subject} may log in again`)
      return EXIT.yes
    }),
  )
}

function addList(person: Command, registry: Registry): void {
  const list = withRealmOptions(
    person
      .command('list')
      .description('Lists people who were seen within the last 400 days, and all who are suspended.'),
  ).option('--suspended', 'only those who are suspended')
  withExamples(list, [['who is kept out?', `scitokens issuer person list ${CONFIG} --suspended`]])
  onAction(list, registry, listPeople)
}

function suspendPerson(invocation: Invocation<SuspendOptions>, subject: string): Promise<ExitCode> {
  return onPeople(invocation, async (people, { output, options }, realm) => {
    const { LoginAdmin } = await import('@scitokens/issuer')
    const suspended = await people.suspend(subject, given({ reason: options.reason }))
    const ended = options.endLogins ? await new LoginAdmin(realm).end({ subject }) : undefined
    output.result({ ...suspended, ...ended }, () =>
      ended ? `suspended ${subject}, and ended all logins` : `suspended ${subject}`,
    )
    return EXIT.yes
  })
}

function listPeople(invocation: Invocation<ListOptions>): Promise<ExitCode> {
  return onPeople(invocation, async (people, { output, options }, realm) => {
    const found: DescribedPerson[] = []
    for await (const one of people.list({ suspended: options.suspended ?? false })) found.push(one)
    output.result({ issuer: realm.issuer, people: found }, () => (found.length === 0 ? 'nobody' : tableOf(found)))
    return EXIT.yes
  })
}

function onPeople<Options extends RealmOptions>(
  invocation: Invocation<Options>,
  work: (people: PersonAdmin, invocation: Invocation<Options>, realm: Realm) => Promise<ExitCode>,
): Promise<ExitCode> {
  return withRealm(invocation.options, invocation.context, async (realm) => {
    const admin = await import('@scitokens/issuer')
    return work(new admin.PersonAdmin(realm), invocation, realm)
  })
}

function tableOf(people: readonly DescribedPerson[]): string {
  const time = (seconds: number): string => new Date(seconds * 1000).toISOString().slice(0, 16)
  return alignColumns([
    ['SUBJECT', 'SEEN', 'SUSPENDED', 'WHY'],
    ...people.map(({ subject, seenAt, suspended }) => [
      subject,
      time(seenAt).slice(0, 10),
      suspended ? time(suspended.at) : '',
      suspended?.reason ?? '',
    ]),
  ])
}
