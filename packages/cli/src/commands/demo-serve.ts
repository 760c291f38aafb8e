import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { ConfigError } from '@scitokens/core'
import { given, Networks } from '@scitokens/core/internal'
import { makeDirectory } from '@scitokens/host/files'
import type { Command } from 'commander'
import type { CliContext } from '../context.ts'
import { type Invocation, onAction, type Registry } from '../command.ts'
import { dataDirectory } from '../submit-host.ts'
import { ended } from '../ended.ts'
import { withExamples } from '../examples.ts'
import { EXIT, type ExitCode } from '../exit-codes.ts'
import { issuerLogger } from '../issuer-logger.ts'
import type { Output } from '../output.ts'
import { collect, parseInteger, parseSeconds } from '../option-parsers.ts'

interface DemoServeOptions {
  readonly issuer?: string
  readonly host: string
  readonly port: number
  readonly keys?: string
  readonly trust?: readonly string[]
  readonly maxLifetime?: number
  readonly certificate?: string
  readonly privateKey?: string
  readonly trustedProxy?: readonly string[]
}

/** Adds `scitokens demo serve`. */
export function addDemoServe(group: Command, registry: Registry): void {
  const command = group
    .command('serve')
    .summary('run a token generator: a page to take tokens apart, and an issuer that signs anything')
    .description(
      'Runs a token generator until SIGTERM: a page that makes, reads, verifies and tries tokens in the browser, and the endpoints of ' +
        'demo.scitokens.org. It signs whatever anybody asks for, so no service in earnest should trust it.',
    )
    .option('-i, --issuer <url>', 'its URL, and the iss of its tokens; default: http://localhost:PORT')
    .option('--host <address>', 'address to listen on', '127.0.0.1')
    .option('--port <number>', 'port to listen on', parseInteger(1, 65_535), 8642)
    .option(
      '--keys <file>',
      'JWKS with its private keys, made if there is none (default: $XDG_DATA_HOME/scitokens/demo-keys.json)',
    )
    .option('--trust <issuer>', 'an issuer elsewhere whose tokens it verifies too; repeatable', collect)
    .option('--max-lifetime <seconds>', 'longest life of a token (default: 1d)', parseSeconds)
    .option('--certificate <file>', 'PEM: certificate of the server with its chain; default: a proxy does TLS')
    .option('--private-key <file>', 'PEM: key of the certificate')
    .option('--trusted-proxy <address>', 'a proxy whose X-Forwarded-For is believed; repeatable', collect)
  withExamples(command, [
    ['on this machine: open http://localhost:8642', 'scitokens demo serve'],
    [
      'for a workshop, behind a proxy',
      'scitokens demo serve -i https://demo.vo.example --keys demo-keys.json --trusted-proxy 127.0.0.1',
    ],
  ])
  onAction(command, registry, serve)
}

async function serve({ context, output, options }: Invocation<DemoServeOptions>): Promise<ExitCode> {
  const { openDemo } = await import('@scitokens/token-generator')
  const { host, port, trust, maxLifetime, trustedProxy } = options
  const issuer = options.issuer ?? `http://localhost:${port}`
  const https = tlsOf(options)
  const proxies = trustedProxy && new Networks(trustedProxy, { at: '--trusted-proxy' })
  const keys = options.keys ?? defaultKeys(context, output)
  const demo = await openDemo({
    issuer,
    clock: context.clock,
    logger: issuerLogger(context),
    // Only what says http: needs it, and only on this machine is it allowed.
    dangerouslyAllowLoopbackHttp: issuer.startsWith('http:'),
    ...(keys !== undefined && { keys: { file: keys } }),
    ...(trust && { trustedIssuers: trust }),
    ...given({ maxLifetime }),
  })
  try {
    const server = demo.buildServer({
      ...(https && { https }),
      ...(proxies && { trustProxy: (address: string) => proxies.holds(address) }),
    })
    const address = await server.listen({ host, port }).catch((cause: unknown) => {
      const { code } = cause as NodeJS.ErrnoException
      throw new ConfigError('config_error', `cannot listen on ${host}, port ${port} (${code})`)
    })
    output.event(
      { type: 'listening', issuer, address },
      `${issuer} on ${address}: a demonstration, its tokens are worth nothing`,
    )
    await ended(context.signal)
  } finally {
    await demo.close()
  }
  output.event({ type: 'ended' }, 'ended')
  return EXIT.yes
}

/**
 * Keys that stay: verifiers remember a key by its name, and would refuse the tokens of another one under the same name.
 */
function defaultKeys({ env }: CliContext, output: Output): string | undefined {
  try {
    const directory = dataDirectory(env)
    makeDirectory(directory)
    return join(directory, 'demo-keys.json')
  } catch {
    output.warn('there is no place to keep its keys: they are new, and gone when it ends')
    return undefined
  }
}

function tlsOf({ certificate, privateKey }: DemoServeOptions): { cert: string; key: string } | undefined {
  if ((certificate === undefined) !== (privateKey === undefined)) {
    throw new ConfigError('config_error', 'give --certificate and --private-key together')
  }
  if (certificate === undefined || privateKey === undefined) return undefined
  return { cert: readPem(certificate), key: readPem(privateKey) }
}

function readPem(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (cause) {
    throw new ConfigError('config_error', `the file ${file} cannot be read (${(cause as NodeJS.ErrnoException).code})`)
  }
}
