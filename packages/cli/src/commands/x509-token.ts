import { given } from '@scitokens/core/internal'
import type { Command } from 'commander'
import { type Invocation, onAction, type Registry } from '../command.ts'
import { withExamples } from '../examples.ts'
import { EXIT, type ExitCode } from '../exit-codes.ts'
import { collect, parseSeconds } from '../option-parsers.ts'
import { certificateAuthorities } from '../certificate-authorities.ts'

interface X509TokenOptions {
  readonly proxy?: string
  readonly cert?: string
  readonly key?: string
  readonly scope?: readonly string[]
  readonly audience?: readonly string[]
  readonly lifetime?: number
  readonly tokenEndpoint?: string
  readonly write?: string | true
  readonly purpose?: string
  readonly ca?: readonly string[]
}

/** Adds `scitokens x509-token`. */
export function addX509Token(program: Command, registry: Registry): void {
  const command = program
    .command('x509-token')
    .summary('get a token with a certificate of the grid')
    .description(
      'Asks an issuer for a token with a certificate and nothing else: a proxy ($X509_USER_PROXY, /tmp/x509up_u<uid>), a certificate ' +
        'of your own ($X509_USER_CERT, $X509_USER_KEY) or that of this host, in that order. Prints the token, or writes it where ' +
        'bearer token discovery finds it (mode 0600, atomically, never through a link).',
    )
    .argument('<issuer>', "the issuer's URL, exactly as in its tokens")
    .option('--proxy <file>', 'this proxy: certificate, key and chain in one file')
    .option('--cert <file>', 'this certificate')
    .option('--key <file>', 'and its key; default: in the file of the certificate')
    .option('--scope <scope>', 'ask for less than the issuer would give; repeatable', collect)
    .option('--audience <name>', 'for which services; repeatable', collect)
    .option('--lifetime <seconds>', 'ask for a shorter life', parseSeconds)
    .option('--token-endpoint <url>', 'where tokens come from, for an issuer that publishes no metadata')
    .option('--write [file]', 'write it to a file; default: where discovery looks')
    .option('--purpose <name>', 'a suffix of the file, where several tokens are kept')
    .option('--ca <path>', 'CA file, or hashed directory as /etc/grid-security/certificates; repeatable', collect)
  withExamples(command, [
    ['a token where every tool finds it', 'scitokens x509-token https://issuer.example --write'],
    [
      'from the cron of a robot',
      'scitokens x509-token https://issuer.example --cert robot.pem --key robot.key --scope read:/store --write',
    ],
  ])
  onAction(command, registry, x509Token)
}

async function x509Token(
  { context, output, options }: Invocation<X509TokenOptions>,
  issuer: string,
): Promise<ExitCode> {
  const { findGridCredential, requestTokenByCertificate, tokenFileLocation } = await import('@scitokens/token-manager')
  const { writePrivateFile } = await import('@scitokens/host/files')
  const { proxiesFromEnvironment } = await import('@scitokens/environment')
  const { proxy, cert, key, audience, lifetime, tokenEndpoint } = options
  const credential = findGridCredential({
    env: context.env,
    now: context.clock(),
    ...given({ proxy, certificate: cert, key }),
  })
  const { token, expiresAt, scopes } = await output.progress(
    `asking ${issuer}`,
    requestTokenByCertificate({
      issuer,
      credential,
      scopes: options.scope?.flatMap((scope) => scope.split(' ')) ?? [],
      clock: context.clock,
      signal: context.signal,
      ...certificateAuthorities(options.ca),
      proxies: proxiesFromEnvironment(context.env),
      ...given({ audience, lifetime, tokenEndpoint }),
    }),
  )
  const told = given({ expiresAt, scopes })
  if (options.write === undefined) {
    output.result({ ok: true, token, credential: credential.file, ...told }, () => token)
    return EXIT.yes
  }
  const file = options.write === true ? tokenFileLocation(context.env, options.purpose) : options.write
  writePrivateFile(file, `${token}\n`, { what: 'the token file' })
  output.result({ ok: true, file, credential: credential.file, ...told }, () => file)
  return EXIT.yes
}
