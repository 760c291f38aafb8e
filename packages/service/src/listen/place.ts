import { ConfigError } from '@scitokens/core'
import {
  flag,
  isLoopbackHost,
  type OptionReaders,
  quote,
  type Reader,
  readOptions,
  text,
  whole,
} from '@scitokens/core/internal'

/** An address of the network. */
export interface TcpPlace {
  /** A name or an address without brackets: `127.0.0.1`, `::1`, `localhost`. */
  readonly host: string
  /** 0: a free one, which `addresses` tells. */
  readonly port: number
}

/** A Unix socket. Nobody else may be able to put another one in its place: see `openListener`. */
export interface SocketPlace {
  /** Its path, from the root on. */
  readonly path: string
  /** Of the socket, once it is there: who may connect. Default: 0o660. */
  readonly mode?: number
  /** The socket's directory must be closed to all but its owner and group: for servers that believe whoever can connect. Default: false. */
  readonly closedToOthers?: boolean
}

/** Where to listen. */
export type Place = TcpPlace | SocketPlace

const TCP: OptionReaders<TcpPlace> = { host: text, port: whole(0, 65_535, 'the port') }
const SOCKET: OptionReaders<SocketPlace> = { path: text, mode: whole(0, 0o777, 'the mode'), closedToOthers: flag }

/** Reads a {@link Place} among options. Throws `config_error`. */
export const readPlace: Reader<Place> = (value, name) => {
  if (typeof value === 'object' && value !== null && 'path' in value) {
    const place = readOptions<SocketPlace>(value, SOCKET, name)
    if (place.path.startsWith('/')) return place
    throw new ConfigError('config_error', `the option ${name}.path must begin with /`)
  }
  const place = readOptions<TcpPlace>(value, TCP, name)
  if (place.host !== undefined && place.port !== undefined) return place
  throw new ConfigError('config_error', `the option ${name} needs host and port, or path`)
}

/** Reads `127.0.0.1:9000`, `[::1]:9000` or `unix:/run/x.sock`, as a command line has it. Throws `config_error`. */
export function parsePlace(written: string): Place {
  if (written.startsWith('unix:/')) return { path: written.slice('unix:'.length) }
  const [, host, port] = /^(\[[0-9a-fA-F:]+\]|[\w.-]+):(\d{1,5})$/.exec(written) ?? []
  if (host === undefined || Number(port) > 65_535) {
    throw new ConfigError(
      'config_error',
      `${quote(written)} is no address: write 127.0.0.1:9000 or unix:/run/scitokens/authz.sock`,
    )
  }
  return { host: host.replace(/^\[|\]$/g, ''), port: Number(port) }
}

/** A place as {@link parsePlace} reads it. */
export function formatPlace(place: Place): string {
  if ('path' in place) return `unix:${place.path}`
  return place.host.includes(':') ? `[${place.host}]:${place.port}` : `${place.host}:${place.port}`
}

/** Throws `config_error` for a place that other machines can reach. */
export function checkThisMachine(place: Place): void {
  if ('path' in place || isLoopbackHost(place.host.includes(':') ? `[${place.host}]` : place.host)) return
  throw new ConfigError(
    'config_error',
    `${quote(place.host)} is not a loopback address: others could ask, and read answers`,
  )
}
