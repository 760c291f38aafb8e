import {
  createServer as createHttpServer,
  type IncomingMessage,
  Server as HttpServer,
  type ServerOptions,
  type ServerResponse,
} from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import { createServer, type Server, type Socket } from 'node:net'
import { createServer as createTlsServer, type Server as TlsServer, type TlsOptions } from 'node:tls'
import { ConfigError } from '@scitokens/core'
import { given, type Logger, nested, number, type OptionReaders, whole } from '@scitokens/core/internal'
import type { ReadTls } from '../tls/tls-files.ts'
import { Talks } from './talks.ts'
import type { HttpLimits, RequestHandler, ServerMaker } from './serving.ts'

const LIMITS: OptionReaders<HttpLimits> = {
  headersSeconds: number(0.001, 86_400, 'seconds'),
  requestSeconds: number(0.001, 86_400, 'seconds'),
  keepAliveSeconds: number(0.001, 86_400, 'seconds'),
  idleSeconds: number(0.001, 86_400, 'seconds'),
  maxHeaderBytes: whole(1024, 1_048_576, 'bytes'),
}

/** How often a stop looks for connections that have become idle, in milliseconds. */
const IDLE_CHECK_MS = 50

/** How long a stop waits for the first byte of a connection, in milliseconds: browsers open some that they may never use. */
const SILENT_MS = 1000

/**
 * The servers of a program that never listen: connections are given to them, as the documentation of `'connection'` of node:http and node:tls
 * has it. So one of them serves any number of addresses, and what another process has accepted.
 *
 * With TLS there are two, as nobody speaks TLS over a Unix socket.
 */
export class Engines implements ServerMaker {
  readonly #tls: ReadTls | undefined
  readonly #logger: Logger
  /** Where they listen, for whoever asks the server: the path where all of it is Unix sockets. */
  readonly #address: () => ReturnType<Server['address']>
  readonly #connections = new Set<Socket>()
  readonly #talks = new Talks()
  #main: Server | undefined
  #plain: Server | undefined
  #isLeaving = false
  #requests = 0

  constructor(tls: ReadTls | undefined, address: () => ReturnType<Server['address']>, logger: Logger) {
    this.#logger = logger
    this.#tls = tls
    this.#address = address
  }

  readonly http: ServerMaker['http'] = (handler, limits = {}) => {
    const options = httpOptions(nested(LIMITS)(limits, 'limits'))
    const answer = (request: IncomingMessage, response: ServerResponse): void => {
      void this.#answer(handler, request, response)
    }
    const plain = createHttpServer(options, answer)
    const tls = this.#tls && createHttpsServer({ ...options, ...tlsOptions(this.#tls) }, answer)
    for (const server of tls ? [plain, tls] : [plain]) {
      if (limits.idleSeconds !== undefined) server.setTimeout(limits.idleSeconds * 1000)
      server.prependListener('request', (request, response) => {
        this.#requests += 1
        response.once('close', () => (this.#requests -= 1))
        this.#talks.note(request, response)
        if (this.#isLeaving) response.setHeader('connection', 'close')
      })
    }
    this.#keep(tls ?? plain, plain)
    return tls ?? plain
  }

  readonly sockets: ServerMaker['sockets'] = (onConnection) => {
    const plain = createServer(onConnection)
    const tls = this.#tls && createTlsServer(tlsOptions(this.#tls), onConnection)
    this.#keep(tls ?? plain, plain)
    return this.#main!
  }

  /** Connections that are open. */
  get connections(): number {
    return this.#connections.size
  }

  /** Requests that are being answered. */
  get requests(): number {
    return this.#requests
  }

  /** Begins. Throws `config_error` where no server was made. */
  start(): void {
    if (!this.#main || !this.#plain)
      throw new ConfigError('config_error', 'a service serves something: make.http() or make.sockets()')
    for (const server of new Set([this.#main, this.#plain])) {
      // What Node does when a server listens: from then on it ends requests that are too slow.
      if (server instanceof HttpServer || isTls(server)) server.emit('listening')
    }
    if (this.#plain === this.#main) return
    // Fastify has told the one server that it knows what to do with these.
    for (const event of ['clientError', 'upgrade', 'checkContinue', 'connect']) {
      for (const listener of this.#main.listeners(event)) this.#plain.on(event, listener as () => void)
    }
  }

  /** Serves a connection. */
  take(socket: Socket, isUnix: boolean): void {
    const server = isUnix ? this.#plain : this.#main
    if (!server) return void socket.destroy()
    this.#connections.add(socket)
    socket.once('close', () => this.#connections.delete(socket))
    const isPlainHttp = server instanceof HttpServer
    // Whoever has sent his request may be done with sending: Node's own servers set the same.
    socket.allowHalfOpen = isPlainHttp
    if (!isUnix) socket.setNoDelay(true)
    // Without a listener an early reset would end the process; TLS and HTTP have their own later.
    socket.on('error', () => {})
    server.emit('connection', socket)
    if (socket.isPaused()) socket.resume()
  }

  /** Another certificate, for connections from now on. */
  setContext({ context }: ReadTls): void {
    if (isTls(this.#main)) this.#main.setSecureContext(context)
  }

  /** From now on each answer is the last of its connection. */
  leave(): void {
    this.#isLeaving = true
  }

  /** Ends connections as they become idle; after the time, all. Answers how many had to be ended. */
  async end(seconds: number, hurry: AbortSignal): Promise<number> {
    this.leave()
    const began = performance.now()
    const closeIdle = (): void => {
      this.#talks.endIdle()
      if (performance.now() - began < SILENT_MS) return
      for (const socket of this.#connections) if (socket.bytesRead === 0) socket.destroy()
    }
    closeIdle()
    const timer = setInterval(closeIdle, IDLE_CHECK_MS)
    await this.#empty(seconds, hurry)
    clearInterval(timer)
    const left = this.#connections.size
    for (const socket of this.#connections) socket.destroy()
    for (const server of new Set([this.#main, this.#plain])) server?.close()
    return left
  }

  /** A handler that fails is no reason to end the process, with all that others do in it. */
  async #answer(handler: RequestHandler, request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      await handler(request, response)
    } catch (error) {
      this.#logger.error({ err: error }, 'a request could not be answered')
      if (response.headersSent) response.destroy()
      else response.writeHead(500).end()
    }
  }

  #keep(main: Server, plain: Server): void {
    if (this.#main) throw new ConfigError('config_error', 'a service has one server')
    this.#main = main
    this.#plain = plain
    main.address = this.#address
  }

  async #empty(seconds: number, hurry: AbortSignal): Promise<void> {
    if (this.#connections.size === 0 || hurry.aborted) return
    await new Promise<void>((resolve) => {
      const over = (): void => {
        clearTimeout(timer)
        hurry.removeEventListener('abort', over)
        resolve()
      }
      const timer = setTimeout(over, seconds * 1000)
      hurry.addEventListener('abort', over)
      for (const socket of this.#connections) {
        socket.once('close', () => {
          if (this.#connections.size === 0) over()
        })
      }
    })
  }
}

function isTls(server: Server | undefined): server is TlsServer {
  return server !== undefined && 'setSecureContext' in server
}

function tlsOptions({ context, asks }: ReadTls): TlsOptions {
  // Certificates of clients are judged by the server, not by TLS.
  return { ...context, ...(asks && { requestCert: true, rejectUnauthorized: false }) }
}

function httpOptions(limits: HttpLimits): ServerOptions {
  const { headersSeconds = 10, requestSeconds = 300, keepAliveSeconds = 30, maxHeaderBytes } = limits
  return {
    headersTimeout: Math.min(headersSeconds, requestSeconds) * 1000,
    requestTimeout: requestSeconds * 1000,
    keepAliveTimeout: keepAliveSeconds * 1000,
    connectionsCheckingInterval: Math.min(headersSeconds * 1000, 5000),
    ...given({ maxHeaderSize: maxHeaderBytes }),
  }
}
