import { spawn } from 'node:child_process'
import { InvalidRequestError } from '@scitokens/core'
import { given } from '@scitokens/core/internal'
import type { ClientIdentity, DevicePrompt, FamilyStatus, Grant, LoginKeeper, Wanted } from '@scitokens/token-manager'
import { type Command, Option } from 'commander'
import { type Invocation, onAction, type Registry } from '../command.ts'
import { withExamples } from '../examples.ts'
import { EXIT, type ExitCode } from '../exit-codes.ts'
import { readTextFile } from '../files.ts'
import { type KeeperOptions, openKeeper } from '../login-keeper.ts'
import { collect, parseInteger } from '../option-parsers.ts'
import type { Output } from '../output.ts'
import { ownName, serviceOf, withStateOptions } from '../submit-host.ts'

interface LoginOptions extends KeeperOptions {
  readonly clientId?: string
  readonly clientSecretFile?: string
  readonly scope?: readonly string[]
  readonly audience?: readonly string[]
  readonly service?: string
  readonly handle?: string
  readonly flow?: 'device' | 'browser' | 'client'
  readonly port?: number
  readonly qr: boolean
}

/** Adds `scitokens login`. */
export function addLogin(program: Command, registry: Registry): void {
  const command = program
    .command('login')
    .summary('log in at an issuer and stay logged in')
    .description(
      'Logs you in at an issuer, by a browser on this machine or by a code that you confirm on any other device, and keeps the ' +
        'refresh token encrypted in your own store. Afterwards "scitokens token" gives fresh access tokens.',
    )
    .argument('<issuer>', "the issuer's URL, exactly as in its tokens")
    .option('--client-id <id>', 'the OAuth client; default: one is registered, where the issuer lets anybody')
    .option('--client-secret-file <file>', "the client's secret, for a confidential client; - is standard input")
    .option('--scope <scope>', 'what to ask for; repeatable', collect)
    .option('--audience <name>', 'for which services; repeatable', collect)
    .option('--service <name>', "a name for this login; default: made from the issuer's host")
    .option('--handle <name>', 'tells several logins at one service apart')
    .addOption(
      new Option('--flow <flow>', 'how; default: browser on a desktop, else device').choices([
        'device',
        'browser',
        'client',
      ]),
    )
    .option('--port <port>', "for the browser's answer; default: any", parseInteger(1, 65_535))
    .option('--no-qr', 'show no QR code')
    .option('--to-manager', "hand the login to this machine's running token manager, which serves your jobs from it")
    .option('--socket-dir <dir>', "with --to-manager: directory of the manager's socket")
  withExamples(withStateOptions(command), [
    ['log in', 'scitokens login https://vo.example --client-id cli --scope read:/store'],
    [
      'on a submit host, for your jobs',
      'scitokens login https://vo.example --client-id submit --service vo --scope read:/store --to-manager',
    ],
    [
      'a robot, which logs in by itself',
      'scitokens login https://vo.example --flow client --client-id robot --client-secret-file secret',
    ],
  ])
  onAction(command, registry, login)
}

async function login({ context, output, options }: Invocation<LoginOptions>, issuer: string): Promise<ExitCode> {
  const usual = serviceOf(issuer)
  const name = { owner: ownName(), service: options.service ?? usual, handle: options.handle ?? '' }
  const clientSecret =
    options.clientSecretFile === undefined ? undefined : readTextFile(options.clientSecretFile, context.stdinFd).trim()
  const client = {
    ...given({ clientId: options.clientId, clientSecret }),
  }
  const wanted = { scopes: options.scope?.flatMap((scope) => scope.split(' ')) ?? [], audience: options.audience ?? [] }
  if (options.flow === 'client' && (client.clientId === undefined || clientSecret === undefined)) {
    throw new InvalidRequestError(
      'invalid_request',
      'a client that logs in by itself needs --client-id and --client-secret-file',
    )
  }
  const keeper = await openKeeper(options, context)
  let status: FamilyStatus
  try {
    if (options.flow === 'client') {
      const robot = { clientId: client.clientId!, clientSecret: clientSecret! }
      status = await keeper.enrol({ ...name, ...wanted, ...robot, issuer })
      await output.progress(`asking ${issuer}`, keeper.tryOut(name, context.signal))
    } else {
      const { loginPerson } = await import('@scitokens/token-manager')
      const flow = await personFlow(keeper, issuer, { context, output, options })
      status = await loginPerson(keeper, { ...name, ...wanted, ...client, issuer, flow })
    }
  } finally {
    keeper.close()
  }
  output.result({ ok: true, ...status }, () => `logged in at ${issuer} as ${status.service}`)
  return EXIT.yes
}

async function personFlow(
  { oauth }: LoginKeeper,
  issuer: string,
  { context, output, options }: Invocation<LoginOptions>,
): Promise<(identity: ClientIdentity, wanted: Wanted) => Promise<Grant>> {
  const { loginByBrowser, loginByDevice } = await import('@scitokens/token-manager')
  const { authorization_endpoint: page, device_authorization_endpoint: device } = await oauth.metadata.get(issuer)
  const flow =
    options.flow ?? (page !== undefined && (device === undefined || hasDesktop(context.env)) ? 'browser' : 'device')
  const { signal } = context
  if (flow === 'device') {
    const prompt = await devicePrompt(output, options.qr)
    return (identity, wanted) => loginByDevice(oauth, identity, wanted, { signal, prompt })
  }
  const open = (url: string): void => {
    output.note(`Open this address in a browser on this machine:\n\n  ${url}\n`)
    if (hasDesktop(context.env)) openBrowser(url)
  }
  const port = given({ port: options.port })
  return (identity, wanted) => loginByBrowser(oauth, identity, wanted, { signal, open, ...port })
}

/** Whether a browser can be opened where the person sits. */
function hasDesktop(env: Invocation<object>['context']['env']): boolean {
  if (env['SSH_CONNECTION']) return false
  return process.platform === 'darwin' || Boolean(env['DISPLAY'] ?? env['WAYLAND_DISPLAY'])
}

function openBrowser(url: string): void {
  const child = spawn(process.platform === 'darwin' ? 'open' : 'xdg-open', [url], { stdio: 'ignore', detached: true })
  child.on('error', () => {}) // the address has been shown
  child.unref()
}

async function devicePrompt(output: Output, qr: boolean): Promise<(prompt: DevicePrompt) => void> {
  const { renderUnicodeCompact } = await import('uqr')
  return ({ verificationUri, verificationUriComplete, userCode, expiresIn }) => {
    const minutes = Math.max(1, Math.round(expiresIn / 60))
    output.note(`Open ${verificationUri} on any device and enter the code ${userCode} (good for ${minutes} min).`)
    // A QR code in a log file helps nobody.
    if (qr && output.interactive)
      output.note(renderUnicodeCompact(verificationUriComplete ?? verificationUri, { border: 2 }))
  }
}
