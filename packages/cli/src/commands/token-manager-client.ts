import type { JsonObject } from '@scitokens/core'
import type { ManagerClient } from '@scitokens/token-manager'
import { type Command, Option } from 'commander'
import { type Invocation, onAction, type Registry } from '../command.ts'
import { withExamples } from '../examples.ts'
import { EXIT, type ExitCode } from '../exit-codes.ts'
import { readTextFile } from '../files.ts'
import { collect, parseSeconds } from '../option-parsers.ts'
import { socketOf } from '../submit-host.ts'

interface ClientOptions {
  readonly socketDir?: string
  readonly owner?: string
  readonly handle?: string
  readonly scope?: readonly string[]
  readonly audience?: readonly string[]
  readonly minLifetime?: number
  readonly format?: string
  readonly issuer?: string
  readonly clientId?: string
  readonly clientSecretFile?: string
  readonly refreshTokenFile?: string
}

/** Adds the commands that speak to a running token manager. */
export function addManagerClients(group: Command, registry: Registry): void {
  addEnrol(group, registry)
  addRequest(group, registry)
  addDeliver(group, registry)
  addForget(group, registry)
  addList(group, registry)
  addRemove(group, registry)
}

function addEnrol(group: Command, registry: Registry): void {
  const enrol = group
    .command('enrol')
    .summary('hand a login to the running manager')
    .description(
      'Hands a refresh token, or a client that logs in by itself, to the running manager, which keeps it encrypted.',
    )
    .argument('<service>', 'a name for the login')
    .requiredOption('--issuer <url>', 'the issuer')
    .requiredOption('--client-id <id>', 'the OAuth client')
    .option('--client-secret-file <file>', "the client's secret")
    .option('--refresh-token-file <file>', 'the refresh token; - is standard input')
  withExamples(withClientOptions(withWish(enrol)), [
    [
      'a login made elsewhere',
      'scitokens token-manager enrol vo --issuer https://vo.example --client-id submit --refresh-token-file - < token',
    ],
  ])
  onAction(enrol, registry, (invocation: Invocation<ClientOptions>, service: string) =>
    withClient(invocation, async (client) => {
      const { options, context } = invocation
      const secretOf = (file: string | undefined): string | undefined =>
        file === undefined ? undefined : readTextFile(file, context.stdinFd).trim()
      const { issuer, clientId } = options
      const clientSecret = secretOf(options.clientSecretFile)
      const secret = secretOf(options.refreshTokenFile)
      const login = await client.call('enrol', {
        ...nameOf(options, service),
        ...wishOf(options),
        issuer,
        clientId,
        clientSecret,
        secret,
      })
      return [login, `enrolled ${service}`]
    }),
  )
}

function addRequest(group: Command, registry: Registry): void {
  const request = group
    .command('request')
    .summary('get an access token from the running manager')
    .description('Prints an access token of a login that the running manager keeps.')
    .argument('<service>', 'the login')
    .option('--min-lifetime <seconds>', 'renew a token that lives shorter than this', parseSeconds)
  withExamples(withClientOptions(withWish(request)), [
    ['for one directory', 'scitokens token-manager request vo --scope write:/store/ana/run7'],
  ])
  onAction(request, registry, (invocation: Invocation<ClientOptions>, service: string) =>
    withClient(invocation, async (client) => {
      const { minLifetime } = invocation.options
      const token = await client.call('token', {
        ...nameOf(invocation.options, service),
        ...wishOf(invocation.options),
        minLifetime,
      })
      return [token, token['token'] as string]
    }),
  )
}

function addDeliver(group: Command, registry: Registry): void {
  const deliver = group
    .command('deliver')
    .summary('keep a job supplied with a fresh token')
    .description(
      "Writes an access token into a job's file and keeps it fresh there until told to forget. For queue managers.",
    )
    .argument('<service>', 'the login')
    .argument('<file>', 'absolute path of the file; its directory must exist')
    .addOption(
      new Option('--format <format>', 'the bare token, or JSON as in HTCondor')
        .choices(['bare', 'json'])
        .default('bare'),
    )
  withExamples(withClientOptions(withWish(deliver)), [
    [
      'when a job starts',
      'scitokens token-manager deliver vo /var/spool/queue/job7/token --owner ana --scope write:/store/ana/run7',
    ],
  ])
  onAction(deliver, registry, (invocation: Invocation<ClientOptions>, service: string, file: string) =>
    withClient(invocation, async (client) => {
      const { format } = invocation.options
      const written = await client.call('deliver', {
        ...nameOf(invocation.options, service),
        ...wishOf(invocation.options),
        file,
        format,
      })
      return [written, '']
    }),
  )
}

function addForget(group: Command, registry: Registry): void {
  const forget = group
    .command('forget')
    .summary("end the supply of a job's file")
    .description("Ends the supply of a job's file, which is yours to remove. For queue managers.")
    .argument('<file>', 'the file')
  withExamples(withClientOptions(forget), [
    ['when a job ends', 'scitokens token-manager forget /var/spool/queue/job7/token'],
  ])
  onAction(forget, registry, (invocation: Invocation<ClientOptions>, file: string) =>
    withClient(invocation, async (client) => [await client.call('forget', { file }), '']),
  )
}

function addList(group: Command, registry: Registry): void {
  const list = group
    .command('list')
    .summary('list the logins that the running manager keeps')
    .description('Lists your logins at the running manager; a queue manager sees those of everybody.')
  withExamples(withClientOptions(list), [['which of mine need a new login?', 'scitokens token-manager list --json']])
  onAction(list, registry, (invocation: Invocation<ClientOptions>) =>
    withClient(invocation, async (client) => {
      const answer = await client.call('list', { owner: invocation.options.owner })
      const logins = answer['logins'] as unknown as { owner: string; service: string; handle: string; ended?: string }[]
      const line = ({ owner, service, handle, ended }: (typeof logins)[number]): string =>
        `${owner}  ${handle === '' ? service : `${service}_${handle}`}${ended === undefined ? '' : '  (log in again)'}`
      return [answer, logins.map(line).join('\n')]
    }),
  )
}

function addRemove(group: Command, registry: Registry): void {
  const remove = group
    .command('remove')
    .summary('end a login at the running manager')
    .description('Has the issuer revoke a login and makes the running manager forget it.')
    .argument('<service>', 'the login')
  withExamples(withClientOptions(remove), [['log out', 'scitokens token-manager remove vo']])
  onAction(remove, registry, (invocation: Invocation<ClientOptions>, service: string) =>
    withClient(invocation, async (client) => {
      const answer = await client.call('logout', nameOf(invocation.options, service))
      return [answer, answer['revoked'] === true ? 'revoked and forgotten' : 'forgotten']
    }),
  )
}

function withClientOptions(command: Command): Command {
  return command
    .option('--owner <user>', 'whose login; default: yours. Others only for queue managers')
    .option('--handle <name>', 'which of several logins at the service')
    .option('--socket-dir <dir>', 'directory of the socket (default: /run/scitokens, or $XDG_RUNTIME_DIR/scitokens)')
}

function withWish(command: Command): Command {
  return command.option('--scope <scope>', 'repeatable', collect).option('--audience <name>', 'repeatable', collect)
}

async function withClient(
  { context, output, options }: Invocation<ClientOptions>,
  work: (client: ManagerClient) => Promise<readonly [document: JsonObject, text: string]>,
): Promise<ExitCode> {
  const { ManagerClient } = await import('@scitokens/token-manager')
  const client = await ManagerClient.open(socketOf(options.socketDir, context.env))
  const asked = work(client).finally(() => client.close())
  const [document, text] = await output.progress('asking the token manager', asked)
  output.result({ ok: true, ...document }, () => text)
  return EXIT.yes
}

function nameOf({ owner, handle }: ClientOptions, service: string): object {
  return { owner, service, handle }
}

function wishOf({ scope, audience }: ClientOptions): object {
  return { scopes: scope, audience }
}
