import { lstat } from 'node:fs/promises'
import { join } from 'node:path'
import { ConfigError, InvalidRequestError, parseRequestPath, redactSecrets } from '@scitokens/core'
import { given, relativePath } from '@scitokens/core/internal'
import type { EnforcerOptions } from '@scitokens/enforcer'
import type { AuthzHandlerOptions, Exists, FrontServer } from '@scitokens/enforcer/http'
import type { HttpLimits, ServerMaker, Serving } from '@scitokens/service'
import { type Command, Option } from 'commander'
import { type Invocation, onAction, type Registry } from '../command.ts'
import { withExamples } from '../examples.ts'
import { EXIT, type ExitCode } from '../exit-codes.ts'
import { collect, parseInteger, parseSeconds } from '../option-parsers.ts'
import { certificateAuthorities } from '../certificate-authorities.ts'
import { serviceContext, warningsTo } from '../service-context.ts'

interface AuthzServerOptions {
  readonly for: FrontServer
  readonly listen: string
  readonly socketMode: number
  readonly operations?: string
  readonly workers?: number
  readonly issuer?: readonly string[]
  readonly issuersFile?: string
  readonly audience?: readonly string[]
  readonly basePath?: string
  readonly sharedBasePath?: readonly string[]
  readonly prefix?: string
  readonly namespace?: string
  readonly root?: string
  readonly realm?: string
  readonly resource?: string
  readonly host?: readonly string[]
  readonly revoked?: string
  readonly maxLifetime?: number
  readonly quiet?: boolean
  readonly ca?: readonly string[]
  readonly cacheDir?: string
  readonly dangerouslyAllowLoopbackHttp?: boolean
}

/** Whom a site trusts, and for what. */
type Trust = Pick<EnforcerOptions, 'issuers'> &
  Partial<Pick<EnforcerOptions, 'audience' | 'basePath' | 'sharedBasePaths'>>

/** A token may have 64 KiB. Servers in front keep their connections, nginx for 60 seconds. */
const LIMITS: HttpLimits = { maxHeaderBytes: 96 * 1024, requestSeconds: 10, keepAliveSeconds: 75 }

/** Adds `scitokens authz-server`. */
export function addAuthzServer(program: Command, registry: Registry): void {
  const command = program
    .command('authz-server')
    .summary('decide for nginx, Envoy and other servers in front')
    .description(
      'Answers a server that asks whether a request may pass: 200, or the refusal for the client. Runs until SIGTERM. Each decision is ' +
        'one line of JSON on standard output.',
    )
    .addOption(
      new Option('--for <server>', 'who asks, and so where the original request is found')
        .choices(['nginx', 'envoy', 'x-original', 'x-forwarded'])
        .makeOptionMandatory(),
    )
    .option('--listen <address>', 'loopback address with port, or unix:/path', '127.0.0.1:9180')
    .option('--socket-mode <octal>', 'who may ask, of a Unix socket', parseMode, 0o660)
    .option('--operations <address>', 'where /healthz, /readyz and /metrics are (default: nowhere)')
    .option('--workers <number>', 'processes that decide (default: 1)', parseInteger(1, 1024))
    .option('--issuer <url>', 'a trusted issuer, exactly as in iss; repeatable', collect)
    .option('--issuers-file <file>', "issuers with their base paths and mappings: XRootD's scitokens.cfg, or JSON")
    .option('--audience <name>', 'a name of the server in front; repeatable', collect)
    .option('--base-path <path>', 'the part of the namespace that scopes of --issuer are relative to (default: /)')
    .option('--shared-base-path <path>', 'a base path for which several --issuer may speak; repeatable', collect)
    .option('--prefix <path>', 'the part of URLs that is taken off before they are judged')
    .option('--namespace <path>', 'the part of the namespace that is served: put before what is left')
    .option('--root <dir>', 'where the files are: PUT is then told to create or to replace')
    .option('--host <name>', 'host that a Destination may name besides the own; repeatable', collect)
    .option('--realm <name>', 'realm of challenges')
    .option('--resource <url>', 'public URL, for challenges that point to its metadata')
    .option('--revoked <file>', 'deny list: token identifiers, one per line; read again when it changes')
    .option('--max-lifetime <seconds>', 'longest accepted lifetime of a token', parseSeconds)
    .option('--ca <path>', 'CA file, or hashed directory as /etc/grid-security/certificates; repeatable', collect)
    .option('--cache-dir <dir>', 'where fetched keys are kept (default: $XDG_CACHE_HOME/scitokens)')
    .option('--dangerously-allow-loopback-http', 'accept issuers at http:// on this machine: for tests')
    .option('--quiet', 'no line per decision')
  withExamples(command, [
    [
      'for nginx, on a Unix socket, with the issuers that XRootD trusts',
      'scitokens authz-server --for nginx --listen unix:/run/scitokens/authz.sock --issuers-file /etc/xrootd/scitokens.cfg',
    ],
    [
      'for Envoy, one issuer',
      'scitokens authz-server --for envoy --issuer https://vo.example --audience https://data.example',
    ],
  ])
  onAction(command, registry, authzServer)
}

async function authzServer({ context, output, options }: Invocation<AuthzServerOptions>): Promise<ExitCode> {
  const { checkThisMachine, openService, parsePlace } = await import('@scitokens/service')
  const where = parsePlace(options.listen)
  checkThisMachine(where)
  const trust = await readTrust(options)
  const { activation, ...started } = serviceContext(context)
  const service = await openService({
    ...started,
    activation,
    name: 'authz-server',
    listen: 'path' in where ? { ...where, mode: options.socketMode } : where,
    onlyThisMachine: true,
    logger: warningsTo(output),
    ...(options.operations !== undefined && { operations: parsePlace(options.operations) }),
    ...(options.workers !== undefined && { workers: options.workers }),
  })
  await service.serve((make) => decide(make, trust, { context, output, options }))
  if (activation.worker === undefined) {
    const { addresses } = service
    const address = addresses.join(', ')
    output.event({ type: 'listening', for: options.for, address }, `deciding for ${options.for} on ${address}`)
  }
  await service.stopped
  return EXIT.yes
}

/** Makes what answers the server in front. */
async function decide(
  { http }: ServerMaker,
  trust: Trust,
  { context, output, options }: Invocation<AuthzServerOptions>,
): Promise<Serving> {
  const { createAuthzHandler, fromRawHeaders } = await import('@scitokens/enforcer/http')
  const { createAppGuard } = await import('@scitokens/enforcer/internal')
  const { KeyCache, defaultCacheDirectory } = await import('@scitokens/keycache')
  let cache: InstanceType<typeof KeyCache> | undefined
  const { guard } = createAppGuard(
    {
      ...trust,
      clock: context.clock,
      ...given({ realm: options.realm, resource: options.resource, maxLifetime: options.maxLifetime }),
      ...(options.dangerouslyAllowLoopbackHttp && { dangerouslyAllowLoopbackHttp: true }),
      ...(options.revoked !== undefined && { revocation: await denyList(options.revoked) }),
    },
    (needs) =>
      (cache = new KeyCache({
        ...needs,
        cacheDir: options.cacheDir ?? defaultCacheDirectory(context.env['XDG_CACHE_HOME']),
        warn: (message) => output.warn(message),
        ...certificateAuthorities(options.ca),
      })),
  )
  const handle = createAuthzHandler({
    guard,
    front: options.for,
    ...place(options),
    ...(!options.quiet && { log: (entry) => output.raw(`${redactSecrets(JSON.stringify(entry))}\n`) }),
  })
  http(async (request, response) => {
    request.resume() // a front server may send the body along; it is not looked at
    const { method = '', url: target = '' } = request
    const { status, headers, body } = await handle({ method, target, headers: fromRawHeaders(request.rawHeaders) })
    response.writeHead(status, { ...headers, 'content-length': Buffer.byteLength(body) })
    response.end(request.method === 'HEAD' ? undefined : body)
  }, LIMITS)
  return { close: () => cache?.close() }
}

/** Issuers and audience from the command line or from a site's file, never a mixture that would hide one of them. */
async function readTrust(options: AuthzServerOptions): Promise<Trust> {
  const { issuer, issuersFile, audience, basePath, sharedBasePath } = options
  if ((issuer === undefined) === (issuersFile === undefined)) {
    throw new InvalidRequestError('invalid_request', 'say whom to trust: --issuer, or --issuers-file')
  }
  if (issuer) {
    if (!audience) throw new InvalidRequestError('invalid_request', 'say who the server in front is: --audience')
    return {
      issuers: issuer,
      audience,
      ...given({ basePath }),
      ...(sharedBasePath && { sharedBasePaths: sharedBasePath }),
    }
  }
  if (basePath !== undefined || sharedBasePath)
    throw new InvalidRequestError(
      'invalid_request',
      '--base-path and --shared-base-path go with --issuer: the file has its own',
    )
  const { readIssuerMap } = await import('@scitokens/enforcer/node')
  const { onMissing: _, ...map } = readIssuerMap(issuersFile!, {
    dangerouslyAllowLoopbackHttp: options.dangerouslyAllowLoopbackHttp ?? false,
  })
  return { ...map, ...(audience && { audience }) }
}

async function denyList(file: string): Promise<NonNullable<EnforcerOptions['revocation']>> {
  const { DenyListFile } = await import('@scitokens/enforcer/node')
  return DenyListFile.open(file)
}

function place({ prefix, namespace, root, host }: AuthzServerOptions): Partial<AuthzHandlerOptions> {
  return {
    ...given({ prefix, namespace }),
    ...(host && { hosts: host }),
    ...(root !== undefined && { exists: existsBelow(root, namespace) }),
  }
}

/** The directory holds what lies below `--prefix` in URLs, so the namespace's part is no part of it. */
function existsBelow(root: string, namespace: string = '/'): Exists {
  const base = parseRequestPath(namespace)
  // The path is in its normal form, without "..": it cannot leave the directory.
  return (path) => somethingAt(join(root, relativePath(base, path) ?? path))
}

function somethingAt(file: string): Promise<boolean> {
  return lstat(file).then(
    () => true,
    (error: NodeJS.ErrnoException) => {
      // ENAMETOOLONG: no file of this system can have that name.
      if (['ENOENT', 'ENOTDIR', 'ENAMETOOLONG'].includes(error.code ?? '')) return false
      throw new ConfigError('config_error', `--root cannot be looked at: ${error.code}`, { cause: error })
    },
  )
}

function parseMode(text: string): number {
  if (!/^0?[0-7]{3}$/.test(text))
    throw new InvalidRequestError('invalid_request', `--socket-mode ${text} is no mode: write 660`)
  return Number.parseInt(text, 8)
}
