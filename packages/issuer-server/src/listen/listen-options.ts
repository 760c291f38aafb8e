import { constants } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { createSecureContext, type SecureContextOptions } from 'node:tls'
import { ConfigError } from '@scitokens/core'
import { Networks } from '@scitokens/core/internal'
import type { FastifyServerOptions } from 'fastify'
import type { ConfigFile } from '../config/config-schema.ts'
import { knowsGridCertificates } from '../issuer/issuer-options.ts'
import { LOOPBACK } from './listening.ts'
import { TLS_SERVER } from '@scitokens/issuer/internal'
import { checkSocketDirectory } from './socket-directory.ts'

/** What goes to Fastify, and the part of it that can be taken over while it listens. */
export interface ListenOptions {
  readonly server: FastifyServerOptions
  readonly tls: SecureContextOptions | undefined
}

/** Reads the files of `listen` and checks them. Throws `config_error`. */
export async function listenOptions(config: ConfigFile): Promise<ListenOptions> {
  const { tls: files, trustedProxies } = config.listen ?? {}
  const { host, port, socket } = config.listen ?? {}
  if (socket !== undefined && (host ?? port ?? files) !== undefined) {
    throw new ConfigError('config_error', 'listen.socket: goes without host, port and tls')
  }
  if (socket !== undefined) await checkSocketDirectory(socket, 'listen.socket')
  // Whoever may use the socket is the front end.
  const proxies = socket === undefined ? trustedProxies : [LOOPBACK, ...(trustedProxies ?? [])]
  const believed = proxies && new Networks(proxies, { at: 'listen.trustedProxies' })
  checkUnixSockets(config)
  const gridCertificates = knowsGridCertificates(config)
  if (gridCertificates && !files) {
    throw new ConfigError('config_error', 'x509: certificates come with TLS: name listen.tls here, or x509.frontEnd')
  }
  const tls: SecureContextOptions | undefined = files && {
    cert: await pem(files.certificate, 'listen.tls.certificate'),
    key: await pem(files.key, 'listen.tls.key'),
    ...TLS_SERVER,
    // Without this the authorities of the system would vouch for clients known by a subject (RFC 8705 section 2.1).
    ...(gridCertificates && { ca: [] }),
    ...(files.clientCa && { ca: await pem(files.clientCa, 'listen.tls.clientCa') }),
    // In a resumed session Node knows the client's own certificate and not the chain behind it.
    ...(gridCertificates && { secureOptions: constants.SSL_OP_NO_TICKET }),
  }
  if (tls) checkTls(tls)
  // Client certificates are asked for where clients may use them, and judged with the client, not by TLS.
  const clientCertificates = files?.clientCa || gridCertificates ? { requestCert: true, rejectUnauthorized: false } : {}
  return {
    server: {
      ...(tls && { https: { ...tls, ...clientCertificates } }),
      ...(believed && { trustProxy: (address: string) => believed.holds(address) }),
    },
    tls,
  }
}

/** Who is believed over a Unix socket needs one. */
function checkUnixSockets({ listen, realms = [], ...one }: ConfigFile): void {
  if (listen?.socket !== undefined) return
  for (const { x509, login } of [one, ...realms]) {
    if (x509?.frontEnd?.unixSocket) {
      throw new ConfigError('config_error', 'x509: frontEnd.unixSocket believes nobody without listen.socket')
    }
    if (login && 'header' in login && login.header.unixSocket) {
      throw new ConfigError('config_error', 'login: header.unixSocket believes nobody without listen.socket')
    }
  }
}

/** A certificate that does not fit its key would be found by the first client. */
function checkTls(tls: SecureContextOptions): void {
  try {
    createSecureContext(tls)
  } catch (cause) {
    const { code = 'unknown' } = cause as NodeJS.ErrnoException
    const what = code === 'ERR_OSSL_X509_KEY_VALUES_MISMATCH' ? 'the certificate does not fit the key' : code
    throw new ConfigError('config_error', `listen.tls.certificate: TLS cannot use certificate and key: ${what}`)
  }
}

async function pem(path: string, key: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (cause) {
    throw new ConfigError(
      'config_error',
      `${key}: the file ${path} cannot be read (${(cause as NodeJS.ErrnoException).code})`,
    )
  }
}
