import { InvalidRequestError } from '@scitokens/core'
import { escapeHidden } from '@scitokens/core/internal'
import type { AuditEvent, AuditQuery } from '@scitokens/issuer'
import { type Command, Option } from 'commander'
import { type Invocation, onAction, type Registry } from '../command.ts'
import { withExamples } from '../examples.ts'
import { EXIT, type ExitCode } from '../exit-codes.ts'
import { collect, parseTime } from '../option-parsers.ts'

interface AuditOptions {
  readonly config?: string
  readonly file?: readonly string[]
  readonly jti?: string
  readonly derivedFrom?: string
  readonly parent?: string
  readonly family?: string
  readonly client?: string
  readonly subject?: string
  readonly issuer?: string
  readonly address?: string
  readonly certificate?: string
  readonly audience?: string
  readonly grant?: string
  readonly event?: readonly string[]
  readonly outcome?: 'issued' | 'refused' | 'other'
  readonly error?: string
  readonly allows?: string
  readonly since?: (now: number) => number
  readonly until?: (now: number) => number
  readonly tail?: boolean
}

/** Options that are conditions as they stand. */
const PLAIN = [
  'jti',
  'derivedFrom',
  'parent',
  'family',
  'client',
  'subject',
  'issuer',
  'address',
  'certificate',
  'audience',
  'grant',
  'outcome',
  'error',
  'allows',
] as const

/** Adds `scitokens issuer audit`. */
export function addIssuerAudit(group: Command, registry: Registry): void {
  const command = group
    .command('audit')
    .summary('search the audit')
    .description(
      'Looks through the audit of an issuer, oldest first, with the files that it was rotated into. Every condition that is given must hold. ' +
        'Exit status 1: nothing was found.',
    )
    .option('--config <file>', 'the configuration of the issuer, which says where its audit is')
    .option('--file <file>', 'an audit file; repeatable, for several instances', collect)
    .option('--jti <id>', 'one token')
    .option('--derived-from <id>', 'a token and all that came of it, by exchange and refresh')
    .option('--parent <id>', 'tokens made directly from this one')
    .option('--family <id>', 'all tokens of one login')
    .option('--client <id>', 'by client')
    .option('--subject <name>', 'by person')
    .option('--issuer <url>', 'by issuer, where several share the file')
    .option('--address <ip>', 'by the address that asked')
    .option('--certificate <what>', 'by the certificate that was shown: SHA-256 fingerprint, serial number or name')
    .option('--audience <name>', 'tokens for this server')
    .option('--grant <type>', 'by grant type')
    .option('--event <name>', 'such as token_issued, refresh_reuse, config_reloaded; repeatable', collect)
    .addOption(
      new Option('--outcome <what>', 'issued, refused, or neither of them').choices(['issued', 'refused', 'other']),
    )
    .option('--error <code>', 'refusals with this OAuth code')
    .option('--allows <path>', 'tokens that covered a path, or an operation such as write:/store/ana')
    .option('--since <time>', 'from then on: 2026-11-22T10:00Z, or 2h for two hours ago', parseTime)
    .option('--until <time>', 'before then', parseTime)
    .option('--tail', 'show what comes from now on (with --since: and what was), until Ctrl-C')
  withExamples(command, [
    [
      'which tokens came of this one?',
      'scitokens issuer audit --config /etc/scitokens/issuer.yaml --derived-from 6f1c…',
    ],
    [
      'who could write there yesterday?',
      'scitokens issuer audit --config /etc/scitokens/issuer.yaml --allows write:/store/ana --since 1d',
    ],
    ['watch refusals', 'scitokens issuer audit --config /etc/scitokens/issuer.yaml --outcome refused --tail'],
  ])
  onAction(command, registry, audit)
}

async function audit({ context, output, options }: Invocation<AuditOptions>): Promise<ExitCode> {
  const { searchAudit, followAudit } = await import('@scitokens/issuer')
  const files = await filesOf(options)
  const query = queryOf(options, context.clock())
  let found = 0
  const tell = (event: AuditEvent): void => {
    found++
    output.raw(`${escapeHidden(output.json ? JSON.stringify(event) : lineOf(event))}\n`)
  }
  if (!options.tail) {
    const onBroken = ({ file, line }: { file: string; line: number }): void =>
      output.warn(`${file}:${line}: this line is no event, it is left out`)
    for await (const event of searchAudit(files, query, { onBroken })) tell(event)
  }
  if (options.tail) {
    const follow = async (file: string): Promise<void> => {
      const withHistory = options.since !== undefined
      for await (const event of followAudit(file, query, context.signal, { withHistory })) tell(event)
    }
    await Promise.all(files.map(follow))
    return EXIT.yes
  }
  return found > 0 ? EXIT.yes : EXIT.no
}

async function filesOf({ config, file }: AuditOptions): Promise<readonly string[]> {
  if (file) return file
  if (config === undefined)
    throw new InvalidRequestError('invalid_request', 'say where the audit is: --config or --file')
  const { configuredAuditFile } = await import('@scitokens/issuer-server')
  const path = await configuredAuditFile(config)
  if (path !== undefined) return [path]
  throw new InvalidRequestError('invalid_request', `${config} names no audit file: the audit goes to the log`)
}

function queryOf(options: AuditOptions, now: number): AuditQuery {
  const { event, since, until } = options
  const given = PLAIN.flatMap((key) => (options[key] === undefined ? [] : [[key, options[key]] as const]))
  return {
    ...(Object.fromEntries(given) as AuditQuery),
    ...(event && { events: event }),
    ...(since && { since: since(now) }),
    ...(until && { until: until(now) }),
  }
}

/** `2026-11-22T10:00:00.000Z token_issued client=portal subject=ana …`, what is searched for most first. */
function lineOf({ time, event, ...rest }: AuditEvent): string {
  const values = Object.entries(rest).map(([key, value]) => {
    const text = Array.isArray(value) ? value.join(',') : String(value)
    return `${key}=${/[\s"=]/.test(text) ? JSON.stringify(text) : text}`
  })
  return [new Date(time * 1000).toISOString(), event, ...values].join(' ')
}
