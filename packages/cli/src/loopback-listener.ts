import { chmodSync, lstatSync, rmSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { connect } from 'node:net'
import { dirname } from 'node:path'
import { ConfigError, UndecidedError } from '@scitokens/core'
import { isLoopbackHost, quote } from '@scitokens/core/internal'
import { directoryInOtherHands } from '@scitokens/host/files'
import { describeSystemError } from './output.ts'

/** Where to listen: a Unix socket, or a loopback address. */
export type ListenAddress = { readonly socket: string } | { readonly host: string; readonly port: number }

/** Reads `unix:/run/x.sock`, `127.0.0.1:9000` or `[::1]:9000`. Throws `config_error`, for what others could reach too. */
export function parseListenAddress(text: string): ListenAddress {
  if (text.startsWith('unix:/')) return { socket: text.slice('unix:'.length) }
  const [, host, port] = /^(\[[0-9a-fA-F:]+\]|[\w.-]+):(\d{1,5})$/.exec(text) ?? []
  if (host === undefined || Number(port) > 65_535) {
    throw new ConfigError(
      'config_error',
      `${quote(text)} is no address: write 127.0.0.1:9000 or unix:/run/scitokens/authz.sock`,
    )
  }
  if (!isLoopbackHost(host))
    throw new ConfigError(
      'config_error',
      `${quote(host)} is not a loopback address: others could ask, and read answers`,
    )
  return { host: host.replace(/^\[|\]$/g, ''), port: Number(port) }
}

/** A server that listens. */
export interface Listener {
  readonly server: Server
  /** As {@link parseListenAddress} reads it, with the port that was found. */
  readonly address: string
  readonly close: () => Promise<void>
}

/** Longest header section that is read, in bytes: a token may have 64 KiB. */
const MAX_HEADER_BYTES = 96 * 1024

/**
 * Listens. A socket file that nobody listens on any more is taken over; one that somebody does is left alone.
 *
 * Throws `undecided` where the address is taken or cannot be had; `config_error` where others could put a socket of theirs in the
 * place of this one, and so decide what the web server in front is told.
 *
 * @param socketMode - of the socket file: who may ask.
 */
export async function listenLocally(address: ListenAddress, socketMode: number = 0o660): Promise<Listener> {
  const server = createServer({ maxHeaderSize: MAX_HEADER_BYTES, requestTimeout: 10_000, keepAliveTimeout: 75_000 })
  if ('socket' in address) {
    checkDirectory(dirname(address.socket))
    await removeStaleSocket(address.socket)
  }
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      reject(new UndecidedError('undecided', describeSystemError(error), { cause: error }))
    })
    server.listen('socket' in address ? { path: address.socket } : { ...address, exclusive: true }, resolve)
  })
  if ('socket' in address) chmodSync(address.socket, socketMode)
  return {
    server,
    address: addressOf(server),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeIdleConnections()
      }),
  }
}

function checkDirectory(directory: string): void {
  let problem: string | undefined
  try {
    problem = directoryInOtherHands(directory)
  } catch (cause) {
    throw new ConfigError('config_error', `the directory ${quote(directory)} of the socket cannot be looked at`, {
      cause,
    })
  }
  if (problem === undefined) return
  throw new ConfigError('config_error', `${problem}: whoever can change it could answer in place of this server`)
}

function addressOf(server: Server): string {
  const address = server.address()
  if (typeof address === 'string') return `unix:${address}`
  const { address: host, port } = address!
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}

async function removeStaleSocket(path: string): Promise<void> {
  const stats = lstatSync(path, { throwIfNoEntry: false })
  if (!stats) return
  if (!stats.isSocket()) throw new ConfigError('config_error', `${path} exists and is no socket`)
  const answered = await new Promise<boolean>((resolve) => {
    const probe = connect(path, () => {
      probe.destroy()
      resolve(true)
    }).on('error', () => resolve(false))
  })
  if (answered) throw new UndecidedError('undecided', `another process listens on ${path}`)
  rmSync(path, { force: true })
}
