import { randomBytes } from 'node:crypto'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { ConfigError } from '@scitokens/core'
import {
  checkIssuerIdentifier,
  flag,
  type OptionReaders,
  quote,
  readOptions,
  text,
  whole,
} from '@scitokens/core/internal'
import { makeDirectory } from '@scitokens/host/files'

/** Options of {@link initIssuer}. */
export interface InitOptions {
  /** The issuer's URL, exactly as it will stand in tokens. */
  readonly issuer: string
  /** A first client, which gets a new secret. Default: `robot`. */
  readonly client?: string
  /** Where database and master key will be; made by whoever runs the issuer. Default: the directory itself. */
  readonly stateDirectory?: string
  /** Where the audit will be. Default: the state directory. */
  readonly logDirectory?: string
  /** Of health and metrics, on this machine. Default: 9464. */
  readonly operationsPort?: number
  /** Accept `http://` on a loopback host as the issuer. Default: false. */
  readonly dangerouslyAllowLoopbackHttp?: boolean
}

/** What {@link initIssuer} has written. */
export interface InitResult {
  /** The configuration file, `issuer.yaml` in the directory. */
  readonly configFile: string
  /** Holds the first client's secret; readable by its owner only. */
  readonly secretFile: string
}

const READERS: OptionReaders<InitOptions> = {
  issuer: text,
  client: text,
  stateDirectory: text,
  logDirectory: text,
  operationsPort: whole(0, 65_535, 'the port'),
  dangerouslyAllowLoopbackHttp: flag,
}

/**
 * Writes a configuration to start from, and a secret for a first client, into a directory (made 0700). What is there already is never
 * replaced. Throws `config_error`.
 */
export async function initIssuer(directory: string, given: InitOptions): Promise<InitResult> {
  const options = readOptions<InitOptions>(given, READERS)
  const { issuer, client = 'robot' } = options
  checkIssuerIdentifier(issuer, options)
  if (!/^[A-Za-z0-9_.-]{1,64}$/.test(client))
    throw new ConfigError('config_error', `${quote(client)} cannot be the name of a client`)
  const path = (...names: string[]): string => join(directory, ...names)
  const result = { configFile: path('issuer.yaml'), secretFile: path('secrets', client) }
  makeDirectory(path('secrets'))
  await writeNew(result.secretFile, `${randomBytes(32).toString('base64url')}\n`)
  await writeNew(result.configFile, exampleConfig(path, client, options))
  return result
}

async function writeNew(path: string, content: string): Promise<void> {
  let file
  try {
    file = await open(path, 'wx', 0o600)
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    throw new ConfigError(
      'config_error',
      code === 'EEXIST' ? `${path} exists already and is kept` : `${path} cannot be written (${code})`,
    )
  }
  try {
    await file.writeFile(content)
  } finally {
    await file.close()
  }
}

function exampleConfig(path: (...names: string[]) => string, client: string, options: InitOptions): string {
  const state = (name: string): string =>
    options.stateDirectory === undefined ? path(name) : join(options.stateDirectory, name)
  const log = (name: string): string =>
    options.logDirectory === undefined ? state(name) : join(options.logDirectory, name)
  const { issuer, operationsPort = 9464, dangerouslyAllowLoopbackHttp } = options
  const quoted = JSON.stringify
  const url = new URL(issuer)
  const port = url.port === '' ? '' : `  port: ${url.port}\n`
  return `# Configuration of a SciTokens issuer. Check it with:  scitokens issuer check ${path('issuer.yaml')}
# Every key is described in the issuer's documentation. Secrets are never written here, only where they stand.
issuer: ${quoted(issuer)}
${dangerouslyAllowLoopbackHttp ? 'dangerouslyAllowLoopbackHttp: true\n' : ''}
# Behind a proxy that does TLS; believe what it says of addresses by:  trustedProxies: [127.0.0.1]
# To do TLS here, add:  tls: { certificate: /path/chain.pem, key: /path/key.pem }
listen:
  host: 127.0.0.1
${port}
# Health (/healthz, /readyz) and metrics, for this machine only.
operations:
  port: ${operationsPort}

storage:
  file: ${quoted(state('issuer.sqlite'))}
masterKey:
  file: ${quoted(state('issuer.key'))}
  create: true
audit:
  file: ${quoted(log('audit.jsonl'))}

clients:
  - clientId: ${quoted(client)}
    clientSecret: { file: ${quoted(path('secrets', client))} }
    # What it may have at most; a request for less gets less.
    scopes: ["read:/store", "write:/store/user/{sub}"]
    # Servers it may get tokens for.
    audiences: ["https://storage.example.org"]
`
}
