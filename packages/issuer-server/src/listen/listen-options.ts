import { existsSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { ConfigError } from '@scitokens/core'
import { Networks } from '@scitokens/core/internal'
import { checkSocketDirectory, type Place, readTls, type TlsFiles } from '@scitokens/service'
import type { ConfigFile } from '../config/config-schema.ts'
import { knowsGridCertificates } from '../config/grid-certificates.ts'
import { LOCAL_PEER } from './local-peers.ts'

/** What the block `listen` means. */
export interface ListenOptions {
  readonly place: Place
  readonly tls: TlsFiles | undefined
  /**
   * Whether an address is believed what it says of its clients.
   *
   * @param viaSocket - everybody comes by a Unix socket: whoever may use it is the front end.
   */
  readonly believes: (address: string, viaSocket: boolean) => boolean
}

/** Reads the block, with the files it names, and checks it. Throws `config_error`. */
export async function listenOptions(config: ConfigFile): Promise<ListenOptions> {
  const { trustedProxies = [] } = config.listen ?? {}
  const tls = tlsFiles(config)
  const place = placeOf(config)
  checkUnixSockets(config)
  if (tls) await readTls(tls, 'listen.tls')
  const at = 'listen.trustedProxies'
  const proxies = trustedProxies.length > 0 ? new Networks(trustedProxies, { at }) : undefined
  return {
    place,
    tls,
    believes: (address, viaSocket) =>
      (viaSocket && 'path' in place && address === LOCAL_PEER) || (proxies?.holds(address) ?? false),
  }
}

function placeOf({ listen = {} }: ConfigFile): Place {
  const { host, port, socket, tls } = listen
  if (socket === undefined) return { host: host ?? '127.0.0.1', port: port ?? (tls ? 443 : 8080) }
  if ((host ?? port ?? tls) !== undefined) {
    throw new ConfigError('config_error', 'listen.socket: goes without host, port and tls')
  }
  // Its directory says who may use it. The front end is another account, which the usual mode would keep out.
  const place = { path: resolve(socket), mode: 0o666, closedToOthers: true }
  // A directory that is not there yet is made by whoever starts the server; nobody can listen in it before.
  if (existsSync(dirname(place.path))) named('listen.socket', () => checkSocketDirectory(place))
  return place
}

/** Client certificates are asked for where clients may use them, and judged with the client, not by TLS. */
function tlsFiles(config: ConfigFile): TlsFiles | undefined {
  const files = config.listen?.tls
  const gridCertificates = knowsGridCertificates(config)
  if (gridCertificates && !files) {
    throw new ConfigError('config_error', 'x509: certificates come with TLS: name listen.tls here, or x509.frontEnd')
  }
  // In a resumed session Node knows the client's own certificate and not the chain behind it.
  return files && { ...files, ...(gridCertificates && { askForCertificate: true, resumption: false }) }
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

function named(key: string, check: () => void): void {
  try {
    check()
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    throw new ConfigError('config_error', `${key}: ${error.message}`, { cause: error })
  }
}
