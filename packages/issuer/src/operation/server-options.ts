import { readFile } from 'node:fs/promises'
import { createSecureContext, type SecureContextOptions } from 'node:tls'
import { ConfigError } from '@scitokens/core'
import type { FastifyServerOptions } from 'fastify'
import type { ConfigFile } from './config-schema.ts'

/** What goes to Fastify, and the part of it that can be taken over while it listens. */
export interface ListenOptions {
  readonly server: FastifyServerOptions
  readonly tls: SecureContextOptions | undefined
}

/** Reads the files of `listen` and checks them. Throws `config_error`. */
export async function listenOptions({ listen = {} }: ConfigFile): Promise<ListenOptions> {
  const { tls: files, trustedProxies } = listen
  const tls: SecureContextOptions | undefined = files && {
    cert: await pem(files.certificate, 'listen.tls.certificate'),
    key: await pem(files.key, 'listen.tls.key'),
    minVersion: 'TLSv1.2',
    ...(files.clientCa && { ca: await pem(files.clientCa, 'listen.tls.clientCa') }),
  }
  if (tls) checkTls(tls)
  // Client certificates are asked for where clients may use them, and judged with the client, not by TLS.
  const clientCertificates = files?.clientCa ? { requestCert: true, rejectUnauthorized: false } : {}
  return {
    server: {
      ...(tls && { https: { ...tls, ...clientCertificates } }),
      ...(trustedProxies && { trustProxy: [...trustedProxies] }),
    },
    tls,
  }
}

/** A certificate that does not fit its key would be found by the first client. */
function checkTls(tls: SecureContextOptions): void {
  try {
    createSecureContext(tls)
  } catch (cause) {
    const { code = 'unknown' } = cause as NodeJS.ErrnoException
    const what = code === 'ERR_OSSL_X509_KEY_VALUES_MISMATCH' ? 'the certificate does not fit the key' : code
    throw new ConfigError(`listen.tls.certificate: TLS cannot use certificate and key: ${what}`)
  }
}

async function pem(path: string, key: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (cause) {
    throw new ConfigError(`${key}: the file ${path} cannot be read (${(cause as NodeJS.ErrnoException).code})`)
  }
}
