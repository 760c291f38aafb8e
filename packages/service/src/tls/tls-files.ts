import { constants, X509Certificate } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { createSecureContext, type SecureContextOptions } from 'node:tls'
import { ConfigError } from '@scitokens/core'
import { flag, type OptionReaders, quote, text } from '@scitokens/core/internal'
import { TLS_SERVER } from './tls-server.ts'

/** TLS of a server, from PEM files. They are read again at each reload, and when they change. */
export interface TlsFiles {
  /** File with the server's certificate and the chain behind it. */
  readonly certificate: string
  /** File with the key of the certificate. */
  readonly key: string
  /**
   * File with authorities whose client certificates are told to be `authorized`. Clients are asked for one then; who shows none, or another,
   * is not refused by TLS: the server judges. Default: no authority, not those of the system either.
   */
  readonly clientCa?: string
  /** Asks clients for a certificate also without `clientCa`. Default: false. */
  readonly askForCertificate?: boolean
  /**
   * Lets clients go on with an older session. A resumed session tells the client's own certificate and not the chain behind it: false for a
   * server that needs the chain. Default: true.
   */
  readonly resumption?: boolean
}

/** Readers of {@link TlsFiles}. */
export const TLS_READERS: OptionReaders<TlsFiles> = {
  certificate: text,
  key: text,
  clientCa: text,
  askForCertificate: flag,
  resumption: flag,
}

/** TLS as it was read. */
export interface ReadTls {
  /** What can be taken over while the server listens. */
  readonly context: SecureContextOptions
  /** Clients are asked for certificates. */
  readonly asks: boolean
  /** When the server's certificate ends, in seconds since the epoch. */
  readonly notAfter: number
  /** The files it was read from. */
  readonly files: readonly string[]
}

/**
 * Reads the files. Throws `config_error`, naming the option: for a file that cannot be read, and for a certificate that does not fit its key.
 *
 * @param at - the name of the options, for messages.
 */
export async function readTls(files: TlsFiles, at: string): Promise<ReadTls> {
  const { certificate, key, clientCa, askForCertificate = false, resumption = true } = files
  const context: SecureContextOptions = {
    cert: await pem(certificate, `${at}.certificate`),
    key: await pem(key, `${at}.key`),
    ...TLS_SERVER,
    // Without this the authorities of the system would vouch for clients (RFC 8705 section 2.1).
    ca: clientCa === undefined ? [] : await pem(clientCa, `${at}.clientCa`),
    ...(!resumption && { secureOptions: constants.SSL_OP_NO_TICKET }),
  }
  return {
    context,
    asks: askForCertificate || clientCa !== undefined,
    notAfter: check(context, at),
    files: [certificate, key, ...(clientCa === undefined ? [] : [clientCa])],
  }
}

/** A certificate that does not fit its key would be found by the first client. */
function check(context: SecureContextOptions, at: string): number {
  try {
    createSecureContext(context)
    return Date.parse(new X509Certificate(context.cert as string).validTo) / 1000
  } catch (cause) {
    const { code = 'unknown' } = cause as NodeJS.ErrnoException
    const what = code === 'ERR_OSSL_X509_KEY_VALUES_MISMATCH' ? 'the certificate does not fit the key' : code
    throw new ConfigError('config_error', `${at}.certificate: TLS cannot use certificate and key: ${what}`)
  }
}

async function pem(path: string, name: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (cause) {
    throw new ConfigError(
      'config_error',
      `${name}: the file ${quote(path)} cannot be read (${(cause as NodeJS.ErrnoException).code})`,
    )
  }
}
