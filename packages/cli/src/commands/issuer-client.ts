import { existsSync } from 'node:fs'
import { InvalidRequestError } from '@scitokens/core'
import type { ClientAdmin, ClientProperties, ClientWithSecret } from '@scitokens/issuer'
import type { Command } from 'commander'
import { type Invocation, onAction, type Registry } from '../command.ts'
import { describe, grantOf, tableOf } from '../describe-client.ts'
import { withExamples } from '../examples.ts'
import { EXIT, type ExitCode } from '../exit-codes.ts'
import { readJsonFile, writeTextFile } from '../files.ts'
import { type RealmOptions, withRealm, withRealmOptions } from '../issuer-realm.ts'
import { collect, parseSeconds } from '../option-parsers.ts'
import type { Output } from '../output.ts'

interface PropertyOptions extends RealmOptions {
  readonly from?: string
  readonly name?: string
  readonly scope?: readonly string[]
  readonly defaultScope?: readonly string[]
  readonly audience?: readonly string[]
  readonly grant?: readonly string[]
  readonly redirectUri?: readonly string[]
  readonly group?: readonly string[]
  readonly lifetime?: number
  readonly skipConsent?: boolean
  readonly public?: boolean
  readonly secretFile?: string
  readonly unset?: readonly string[]
}

interface SecretOptions extends RealmOptions {
  readonly keepOld?: number
  readonly secretFile?: string
}

const CONFIG = '--config /etc/scitokens/issuer.yaml'

/** Adds `scitokens issuer client …`. */
export function addIssuerClient(group: Command, registry: Registry): void {
  const client = group
    .command('client')
    .description(
      'Looks after clients. Those of the configuration file are changed there; others lie in the database, and a running issuer follows at once.',
    )

  addList(client, registry)
  addShow(client, registry)
  addAdd(client, registry)
  addUpdate(client, registry)
  addRemove(client, registry)
  addSecret(client, registry)
}

function addList(client: Command, registry: Registry): void {
  const list = client
    .command('list')
    .description('Lists all clients, of the file, of the database, and self-registered ones.')
  withExamples(withRealmOptions(list), [['who may ask for tokens?', `scitokens issuer client list ${CONFIG}`]])
  onAction(list, registry, (invocation: Invocation<RealmOptions>) =>
    withAdmin(invocation, async (admin, { output }) => {
      const clients = await admin.list()
      output.result({ clients }, () => tableOf(clients))
    }),
  )
}

function addShow(client: Command, registry: Registry): void {
  const show = client.command('show').description('Shows one client.').argument('<id>', 'the client')
  withExamples(withRealmOptions(show), [['what may the portal do?', `scitokens issuer client show portal ${CONFIG}`]])
  onAction(show, registry, (invocation: Invocation<RealmOptions>, id: string) =>
    withAdmin(invocation, async (admin, { output }) => {
      const found = await admin.show(id)
      output.result(found, () => describe(found))
    }),
  )
}

function addAdd(client: Command, registry: Registry): void {
  const add = client
    .command('add')
    .description('Adds a client to the database and shows its secret, this once.')
    .argument('<id>', 'a name for the client')
    .option('--secret-file <file>', 'write the secret to a new file, readable by its owner only, instead of showing it')
    .option('--public', 'it cannot keep a secret: an application on its user’s machine')
  withExamples(withProperties(withRealmOptions(add)), [
    [
      'a robot that reads',
      `scitokens issuer client add harvester ${CONFIG} --scope read:/store --audience https://storage.example.org`,
    ],
    [
      'an application for people',
      `scitokens issuer client add portal ${CONFIG} --redirect-uri https://portal.example.org/callback --audience https://storage.example.org`,
    ],
  ])
  onAction(add, registry, (invocation: Invocation<PropertyOptions>, id: string) =>
    withAdmin(invocation, async (admin, { output, options, context }) => {
      refuseExisting(options.secretFile)
      const made = await admin.add(id, propertiesOf(options, context.stdinFd), { public: options.public ?? false })
      tellSecret(output, made, options.secretFile)
    }),
  )
}

function addUpdate(client: Command, registry: Registry): void {
  const update = client
    .command('update')
    .description(
      'Changes a client of the database; of a self-registered one, what it is allowed beyond its registration, until it changes something itself. ' +
        'What is not named stays.',
    )
    .argument('<id>', 'the client')
    .option('--unset <property>', 'give a property its default again, as scopes; repeatable', collect)
  withExamples(withProperties(withRealmOptions(update)), [
    [
      'it may write as well',
      `scitokens issuer client update harvester ${CONFIG} --scope read:/store --scope write:/store/new`,
    ],
  ])
  onAction(update, registry, (invocation: Invocation<PropertyOptions>, id: string) =>
    withAdmin(invocation, async (admin, { output, options, context }) => {
      const changed = await admin.update(id, propertiesOf(options, context.stdinFd), options.unset)
      output.result(changed, () => describe(changed))
    }),
  )
}

function addRemove(client: Command, registry: Registry): void {
  const remove = client
    .command('remove')
    .description(
      'Removes a client from the database, and ends for good what it held: refresh tokens, codes, device logins. One of the same id that is added later ' +
        'inherits nothing. Access tokens that are out end by themselves.',
    )
    .argument('<id>', 'the client')
  withExamples(withRealmOptions(remove), [['no longer needed', `scitokens issuer client remove harvester ${CONFIG}`]])
  onAction(remove, registry, (invocation: Invocation<RealmOptions>, id: string) =>
    withAdmin(invocation, async (admin, { output }) => {
      await admin.remove(id)
      output.result({ ok: true, clientId: id }, () => `removed ${id}`)
    }),
  )
}

function addSecret(client: Command, registry: Registry): void {
  const secret = client
    .command('secret')
    .description('Gives a client of the database a new secret and shows it, this once. The old one ends.')
    .argument('<id>', 'the client')
    .option('--secret-file <file>', 'write the secret to a new file, readable by its owner only, instead of showing it')
    .option(
      '--keep-old <time>',
      'let the old secret work for so long, as 7d, while the client is being changed',
      parseSeconds,
    )
  withExamples(withRealmOptions(secret), [
    ['a change without a gap', `scitokens issuer client secret harvester ${CONFIG} --keep-old 1d`],
  ])
  onAction(secret, registry, (invocation: Invocation<SecretOptions>, id: string) =>
    withAdmin(invocation, async (admin, { output, options }) => {
      refuseExisting(options.secretFile)
      const made = await admin.renewSecret(id, { keepOldSeconds: options.keepOld ?? 0 })
      tellSecret(output, made, options.secretFile)
    }),
  )
}

async function withAdmin<Options extends RealmOptions>(
  invocation: Invocation<Options>,
  work: (admin: ClientAdmin, invocation: Invocation<Options>) => Promise<void>,
): Promise<ExitCode> {
  const { ClientAdmin } = await import('@scitokens/issuer')
  await withRealm(invocation.options, invocation.context, (realm) => work(new ClientAdmin(realm), invocation))
  return EXIT.yes
}

function withProperties(command: Command): Command {
  return command
    .option('--name <text>', 'for people, on the consent page')
    .option('--scope <scope>', 'what it may have at most; repeatable', collect)
    .option('--default-scope <scope>', 'what it gets without asking; repeatable', collect)
    .option('--audience <name>', 'a server that its tokens may be for; repeatable', collect)
    .option('--grant <grant>', 'client_credentials, code, refresh, device, exchange, assertion; repeatable', collect)
    .option('--redirect-uri <uri>', 'where people come back to; repeatable', collect)
    .option('--group <group>', 'a group of a client that acts for itself; repeatable', collect)
    .option('--lifetime <time>', 'of its access tokens, as 20m', parseSeconds)
    .option('--skip-consent', 'do not ask people: an application of the VO itself')
    .option('--from <file>', 'a JSON document with these and all other properties; - is standard input')
}

/** The properties of the command line, on top of those of a file. */
function propertiesOf(options: PropertyOptions, stdinFd: number): ClientProperties {
  const file = options.from === undefined ? {} : (readJsonFile(options.from, stdinFd) as object)
  const given = {
    clientName: options.name,
    scopes: options.scope,
    defaultScopes: options.defaultScope,
    audiences: options.audience,
    grants: options.grant?.map(grantOf),
    redirectUris: options.redirectUri,
    groups: options.group,
    lifetime: options.lifetime,
    skipConsent: options.skipConsent,
  }
  const named = Object.entries(given).filter(([, value]) => value !== undefined)
  return { ...file, ...Object.fromEntries(named) }
}

/** Before a secret is made that could then not be written down. */
function refuseExisting(file: string | undefined): void {
  if (file !== undefined && existsSync(file))
    throw new InvalidRequestError('invalid_request', `${file} exists already and is kept`)
}

/** Shows a secret this once, or writes it where nobody else can read it. */
function tellSecret(output: Output, { client, secret }: ClientWithSecret, file: string | undefined): void {
  if (secret === undefined) return output.result({ client }, () => describe(client))
  if (file === undefined) {
    return output.result({ client, secret }, () => `${describe(client)}\n\nsecret (it is not shown again): ${secret}`)
  }
  writeTextFile(file, `${secret}\n`, { mode: 0o600 })
  output.result({ client, secretFile: file }, () => `${describe(client)}\n\nwrote its secret to ${file}`)
}
