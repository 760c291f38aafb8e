import { accessSync, constants, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createSecureContext, getCACertificates, type SecureContext } from 'node:tls'
import { ConfigError } from '@scitokens/core'
import { nested, oneOrMore, quote, readOptions, text } from '@scitokens/core/internal'

/**
 * Certificate authorities trusted besides the system's: PEM text, files, or a directory as OpenSSL's `c_rehash` makes it
 * (`/etc/grid-security/certificates`: files named by hash, `a1b2c3d4.0`).
 */
export type CertificateAuthorities = string | readonly string[] | { readonly directory: string }

/** CA directories are renewed under a running server (IGTF releases); read again after this long. In seconds. */
const REREAD_AFTER = 300

/** A certificate and its key in PEM, by which a client is known to servers. RFC 8705. */
export interface ClientIdentityPem {
  /** With whatever chain goes with it. */
  readonly certificate: string
  /** The private key, without passphrase. */
  readonly key: string
}

/** Reads the option that names a {@link ClientIdentityPem}. */
export function readIdentity(value: unknown, name: string): ClientIdentityPem {
  const { certificate, key } = readOptions<ClientIdentityPem>(value, { certificate: text, key: text }, name)
  if (certificate !== undefined && key !== undefined) return { certificate, key }
  throw new ConfigError('config_error', `the option ${name} needs both certificate and key`)
}

/** Reads the option that names {@link CertificateAuthorities}. */
export function readAuthorities(value: unknown, name: string): CertificateAuthorities {
  if (typeof value === 'string' || Array.isArray(value)) return oneOrMore(text)(value, name)
  return nested<{ readonly directory: string }>({ directory: text })(value, name)
}

/** The certificate authorities to verify servers with. Files are read when they are first needed, and again now and then. */
export class TrustStore {
  readonly #authorities: CertificateAuthorities | undefined
  readonly #identity: ClientIdentityPem | undefined
  #context: SecureContext | undefined
  #readAt = -Infinity

  /** @param identity - shown to servers that ask for a certificate. Default: none. */
  constructor(authorities: CertificateAuthorities | undefined, identity?: ClientIdentityPem) {
    this.#authorities = authorities
    this.#identity = identity
  }

  /** Undefined where the system's roots do and no certificate is shown. Throws `config_error` when a file cannot be read or holds no certificate. */
  secureContext(): SecureContext | undefined {
    if (this.#authorities === undefined && !this.#identity) return undefined
    const now = performance.now() / 1000
    if (this.#context === undefined || now - this.#readAt > REREAD_AFTER) {
      this.#context = createSecureContext({
        ca: [...getCACertificates('default'), ...pemsOf(this.#authorities ?? [])],
        ...(this.#identity && { cert: this.#identity.certificate, key: this.#identity.key }),
      })
      this.#readAt = now
    }
    return this.#context
  }
}

/** Finds out early that a file or directory is not there. Throws `config_error`. */
export function checkAuthorities(authorities: CertificateAuthorities): void {
  const paths =
    typeof authorities === 'object' && 'directory' in authorities
      ? [authorities.directory]
      : [authorities].flat().filter((entry) => !isPem(entry))
  for (const path of paths) {
    try {
      accessSync(path, constants.R_OK)
    } catch (cause) {
      throw new ConfigError('config_error', `the certificate authorities in ${quote(path)} cannot be read`, { cause })
    }
  }
}

/** The PEM texts that an option names. */
function pemsOf(authorities: CertificateAuthorities): string[] {
  if (typeof authorities === 'object' && 'directory' in authorities) return readHashedDirectory(authorities.directory)
  return [authorities].flat().map((entry) => (isPem(entry) ? entry : readPemFile(entry)))
}

function readHashedDirectory(directory: string): string[] {
  let names: string[]
  try {
    names = readdirSync(directory)
  } catch (cause) {
    throw new ConfigError('config_error', `the CA directory ${quote(directory)} cannot be read`, { cause })
  }
  const hashed = names.filter((name) => /^[\da-f]{8}\.\d+$/i.test(name)).toSorted()
  if (hashed.length === 0)
    throw new ConfigError('config_error', `the CA directory ${quote(directory)} has no file named by hash (a1b2c3d4.0)`)
  return hashed.map((name) => readPemFile(join(directory, name)))
}

function readPemFile(file: string): string {
  let pem: string
  try {
    pem = readFileSync(file, 'utf8')
  } catch (cause) {
    throw new ConfigError('config_error', `the CA file ${quote(file)} cannot be read`, { cause })
  }
  if (!isPem(pem)) throw new ConfigError('config_error', `the CA file ${quote(file)} holds no certificate in PEM form`)
  return pem
}

function isPem(entry: string): boolean {
  return /-----BEGIN (?:TRUSTED |X509 )?CERTIFICATE-----/.test(entry)
}
