import { createPublicKey } from 'node:crypto'
import { type Algorithm, InvalidRequestError, type Jwk, SigningKey, thumbprint } from '@scitokens/core'
import { given, isAlgorithm } from '@scitokens/core/internal'
import { type Command, InvalidArgumentError } from 'commander'
import { type Invocation, onAction, type Registry } from '../command.ts'
import { withExamples } from '../examples.ts'
import { EXIT, type ExitCode } from '../exit-codes.ts'
import { readTextFile, writeTextFile } from '../files.ts'
import { parseInteger } from '../option-parsers.ts'

interface KeygenOptions {
  readonly alg?: Algorithm
  readonly bits?: number
  readonly kid?: string
  readonly from?: string
  readonly private?: string
  readonly privateJwk?: string
  readonly public?: string
  readonly jwks?: string
  readonly force?: boolean
}

/** Adds `scitokens keygen`. */
export function addKeygen(program: Command, registry: Registry): void {
  const command = program
    .command('keygen')
    .summary('make or convert a signing key')
    .description(
      'Makes a signing key (ES256 unless --alg says otherwise), or takes one in with --from, and writes it in the forms asked for. ' +
        'The public key set goes to standard output unless --jwks names a file. Private keys are written with mode 0600.',
    )
    .option('--alg <alg>', 'ES256, ES384, ES512, RS256, PS256 or EdDSA', parseAlgorithm)
    .option('--bits <n>', 'modulus of an RSA key', parseInteger(2048, 16_384))
    .option('-k, --kid <kid>', "the key's name; default: its RFC 7638 thumbprint")
    .option('--from <file>', 'convert this private key (PEM or JWK) instead of making one')
    .option('-p, --private <file>', 'write the private key as PKCS #8 PEM; - is standard output')
    .option('--private-jwk <file>', 'write the private key as a JWK; - is standard output')
    .option('-P, --public <file>', 'write the public key as SPKI PEM; - is standard output')
    .option('-j, --jwks <file>', 'write the public key set; - is standard output')
    .option('-f, --force', 'replace files that exist')
  withExamples(command, [
    ['a key for an issuer, and the set it publishes', 'scitokens keygen --private issuer.pem --jwks jwks.json'],
    ['an RSA key with a name', 'scitokens keygen --alg RS256 --bits 3072 --kid 2026a --private rsa.pem'],
    ['the public set of a key you have', 'scitokens keygen --from issuer.pem'],
  ])
  onAction(command, registry, keygen)
}

async function keygen({ context, output, options }: Invocation<KeygenOptions>): Promise<ExitCode> {
  const keepsPrivate = options.private !== undefined || options.privateJwk !== undefined
  if (options.from === undefined && !keepsPrivate) {
    throw new InvalidRequestError(
      'invalid_request',
      'say where the new private key goes: --private FILE or --private-jwk FILE',
    )
  }
  const toStdout = [options.private, options.privateJwk, options.public, options.jwks].filter((file) => file === '-')
  if (toStdout.length > 1 || (toStdout.length === 1 && output.json)) {
    throw new InvalidRequestError('invalid_request', 'only one document can go to standard output')
  }
  const key =
    options.from === undefined ? await generate(options) : await takeIn(options.from, options, context.stdinFd)
  const write = (file: string | undefined, text: string, mode: number): void => {
    if (file === '-') output.raw(text)
    else if (file !== undefined) writeTextFile(file, text, { mode, replace: options.force ?? false })
  }
  write(options.private, await key.exportPem(), 0o600)
  write(options.privateJwk, `${JSON.stringify(key.exportJwk(), undefined, 2)}\n`, 0o600)
  write(options.public, publicPem(key.publicJwk), 0o644)
  const jwks = { keys: [key.publicJwk] }
  write(options.jwks, `${JSON.stringify(jwks, undefined, 2)}\n`, 0o644)
  if (toStdout.length > 0) return EXIT.yes
  const document = { kid: key.kid, alg: key.alg, thumbprint: await thumbprint(key.publicJwk), jwks }
  output.result(document, () => (options.jwks === undefined ? JSON.stringify(jwks, undefined, 2) : `kid ${key.kid}`))
  return EXIT.yes
}

function generate({ alg, bits, kid }: KeygenOptions): Promise<SigningKey> {
  if (bits !== undefined && alg !== 'RS256' && alg !== 'PS256') {
    throw new InvalidRequestError('invalid_request', '--bits is for RSA keys: give --alg RS256 too')
  }
  return SigningKey.generate(alg, {
    ...given({ kid, modulusBits: bits }),
  })
}

/** Reads a private key in PEM or JWK form. */
export function takeIn(
  file: string,
  { alg, kid }: { readonly alg?: Algorithm; readonly kid?: string },
  stdinFd: number,
): Promise<SigningKey> {
  const text = readTextFile(file, stdinFd)
  const options = given({ alg, kid })
  if (!text.trimStart().startsWith('{')) return SigningKey.fromPem(text, options)
  let document: unknown
  try {
    document = JSON.parse(text)
  } catch {
    throw new InvalidRequestError('invalid_request', `${file} is neither PEM nor JSON`)
  }
  return SigningKey.fromJwk(onlyKey(document, file), options)
}

// x509-scitokens-issuer keeps its key as a set of one.
function onlyKey(document: unknown, file: string): Jwk {
  const { keys } = document as { keys?: unknown }
  if (!Array.isArray(keys)) return document as Jwk
  if (keys.length === 1) return keys[0] as Jwk
  throw new InvalidRequestError('invalid_request', `${file} is a set of ${keys.length} keys; one is needed`)
}

function publicPem(jwk: Jwk): string {
  return createPublicKey({ key: jwk as never, format: 'jwk' }).export({ type: 'spki', format: 'pem' }) as string
}

/** Reads an algorithm name. */
export function parseAlgorithm(value: string): Algorithm {
  if (isAlgorithm(value)) return value
  throw new InvalidArgumentError('Give one of ES256, ES384, ES512, RS256, PS256, EdDSA.')
}
