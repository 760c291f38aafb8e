import { X509Certificate } from 'node:crypto'
import { accessSync, constants, existsSync, readFileSync, statSync } from 'node:fs'
import { basename, join } from 'node:path'
import { ConfigError, InvalidRequestError, SciTokenError, TokenNotAcceptableError } from '@scitokens/core'
import { number, type OptionReaders, quote, readOptions, text, whole, wrong } from '@scitokens/core/internal'
import { readPrivateFile } from '@scitokens/host/files'
import type { ClientIdentityPem } from '@scitokens/host/https'

/** Where a certificate and its key are. */
export interface GridCredentialOptions {
  /** The environment variables of the grid's tools: `X509_USER_PROXY`, `X509_USER_CERT`, `X509_USER_KEY`. */
  readonly env: Readonly<Record<string, string | undefined>>
  /** The time at which the certificate must hold, in seconds since the epoch. */
  readonly now: number
  /** File of a proxy: certificate, key and chain in one. Default: where the grid's tools look. */
  readonly proxy?: string
  /** File of the certificate, in PEM. Default: where the grid's tools look. */
  readonly certificate?: string
  /** File of its private key, in PEM. Default: the file of the certificate. */
  readonly key?: string
  /** Directory of the proxy `x509up_u<uid>`. Default: `/tmp`, where proxies are kept, whatever `TMPDIR` says. */
  readonly proxyDirectory?: string
  /** Directory of `hostcert.pem` and `hostkey.pem`. Default: `/etc/grid-security`. */
  readonly hostDirectory?: string
  /** User id of the person whose proxy is looked for. Default: the effective user of this process. */
  readonly uid?: number
}

const READERS: OptionReaders<GridCredentialOptions> = {
  env: (value, name) => {
    if (typeof value === 'object' && value !== null) return value as GridCredentialOptions['env']
    throw wrong(name, 'an object of environment variables', value)
  },
  now: number(0, Number.MAX_SAFE_INTEGER, 'seconds'),
  proxy: text,
  certificate: text,
  key: text,
  proxyDirectory: text,
  hostDirectory: text,
  uid: whole(0, 0xffff_fffe, 'user id'),
}

/** A certificate of the grid with its key. */
export interface GridCredential extends ClientIdentityPem {
  /** The file of the certificate. */
  readonly file: string
}

const MAX_BYTES = 1_048_576

/**
 * Finds the credential that the grid's tools would use: what is named, else `X509_USER_PROXY`, else `/tmp/x509up_u<uid>`, else
 * `X509_USER_CERT` with `X509_USER_KEY`, else the certificate of this host.
 *
 * Throws `no_credentials` where there is none, `config_error` for a key that others can read, `bad_certificate` for one that has expired.
 */
export function findGridCredential(given: GridCredentialOptions): GridCredential {
  const options = readOptions<GridCredentialOptions>(given, READERS)
  if (options.env === undefined) throw wrong('env', 'an object of environment variables', undefined)
  if (options.now === undefined) throw wrong('now', 'a number of seconds', undefined)
  const uid = options.uid ?? process.geteuid?.() ?? 0
  const [certificate, key] = locate(options, uid)
  const credential = {
    file: certificate,
    certificate: certificate === key ? readKey(key, uid) : readCertificate(certificate),
    key: readKey(key, uid),
  }
  checkTimes(credential, options.now)
  return credential
}

function locate(options: GridCredentialOptions, uid: number): readonly [certificate: string, key: string] {
  const { env, proxy, certificate, key } = options
  const { proxyDirectory = '/tmp', hostDirectory = '/etc/grid-security' } = options
  if (proxy !== undefined) return [proxy, proxy]
  if (certificate !== undefined) return [certificate, key ?? certificate]
  const named = env['X509_USER_PROXY']
  if (named) return [named, named]
  const usual = join(proxyDirectory, `x509up_u${uid}`)
  if (existsSync(usual)) return [usual, usual]
  const own = env['X509_USER_CERT']
  if (own) return [own, env['X509_USER_KEY'] || own]
  const host = [join(hostDirectory, 'hostcert.pem'), join(hostDirectory, 'hostkey.pem')] as const
  if (host.every((file) => isReadable(file))) return host
  const places = `X509_USER_PROXY, ${usual}, X509_USER_CERT and ${hostDirectory}`
  throw new InvalidRequestError('no_credentials', `there is no certificate: looked at ${places}`)
}

/** A file with a key must be its owner's alone. Of everybody's directory no link is followed: who made it is not known. */
function readKey(file: string, uid: number): string {
  const bytes = readPrivateFile(file, {
    maxBytes: MAX_BYTES,
    owner: uid,
    refuseLink: /^x509up_u\d+$/.test(basename(file)),
    // Whoever names a file, or puts a proxy in the usual place, knows what lies above it.
    judgeWay: false,
  })
  if (bytes === undefined) throw unreadable(file)
  return bytes.toString('utf8')
}

function readCertificate(file: string): string {
  try {
    const stats = statSync(file)
    if (!stats.isFile()) throw new ConfigError('config_error', `the file ${quote(file)} is not a regular file`)
    if (stats.size > MAX_BYTES)
      throw new ConfigError('config_error', `the file ${quote(file)} is larger than ${MAX_BYTES} bytes`)
    return readFileSync(file, 'utf8')
  } catch (cause) {
    if (cause instanceof ConfigError) throw cause
    throw unreadable(file, cause)
  }
}

function unreadable(file: string, cause?: unknown): InvalidRequestError {
  const { code = 'ENOENT' } = (cause ?? {}) as NodeJS.ErrnoException
  return new InvalidRequestError('no_credentials', `${file} cannot be read (${code})`, { cause })
}

function isReadable(file: string): boolean {
  try {
    accessSync(file, constants.R_OK)
    return true
  } catch {
    return false
  }
}

/** A proxy lives for hours: that it has expired is what goes wrong most, and an answer of TLS would not say so. */
function checkTimes({ certificate, file }: GridCredential, now: number): void {
  try {
    const { validFrom, validTo } = new X509Certificate(certificate)
    if (now > Date.parse(validTo) / 1000) {
      throw new TokenNotAcceptableError('bad_certificate', `the certificate in ${file} has expired`, {
        reason: 'expired',
      })
    }
    if (now < Date.parse(validFrom) / 1000) {
      throw new TokenNotAcceptableError('bad_certificate', `the certificate in ${file} is not valid yet`, {
        reason: 'not_yet_valid',
      })
    }
  } catch (cause) {
    if (cause instanceof SciTokenError) throw cause
    throw new ConfigError('config_error', `${file} holds no certificate in PEM form`, { cause })
  }
}
