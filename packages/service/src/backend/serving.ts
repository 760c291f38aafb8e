import type { IncomingMessage, Server as HttpServer, ServerResponse } from 'node:http'
import type { Server, Socket } from 'node:net'
import type { TlsFiles } from '../tls/tls-files.ts'

/** Bounds on what slow or greedy clients of an HTTP server can hold. */
export interface HttpLimits {
  /** Seconds within which the headers of a request must be here. Default: 10. */
  readonly headersSeconds?: number
  /** Seconds within which a whole request must be here, its body included. Default: 300, for uploads. */
  readonly requestSeconds?: number
  /** Seconds after which a connection ends that waits for its next request. Default: 30. */
  readonly keepAliveSeconds?: number
  /** Seconds without a byte in either direction after which a connection ends. Default: no end. */
  readonly idleSeconds?: number
  /** Longest header section, in bytes. Default: 16 384. */
  readonly maxHeaderBytes?: number
}

/** Answers a request. What it throws, or rejects with, is logged, and answered with 500 where nothing was sent yet. */
export type RequestHandler = (request: IncomingMessage, response: ServerResponse) => unknown

/** What makes the one server of a program. */
export interface ServerMaker {
  /**
   * An HTTP server, with TLS where the service has it. It is never told to listen: the service hands it its connections. So it fits as what
   * Fastify's `serverFactory` gives.
   */
  readonly http: (handler: RequestHandler, limits?: HttpLimits) => HttpServer
  /** A server of another protocol: gets each connection, with TLS where the service has it. */
  readonly sockets: (onConnection: (socket: Socket) => void) => Server
}

/** What a program says of its server. All of it may be left out. */
export interface Serving {
  /** What keeps it from serving, in words; none: it is ready. No answer in two seconds is a problem as well. */
  readonly ready?: () => readonly string[] | Promise<readonly string[]>
  /** More metrics in Prometheus' text format: those of prom-client, say. */
  readonly metrics?: () => string | Promise<string>
  /** Reads again what may have changed. What it throws is logged, and everything stays as it is. */
  readonly reload?: () => Change | Promise<Change>
  /**
   * Called when the server shall end: no more connections come. A server of another protocol than HTTP ends the idle ones now, and the others
   * when what they do is done; those of HTTP are ended by the service.
   */
  readonly drain?: () => void
  /** Called when the last connection has ended: closes what the server needed. */
  readonly close?: () => void | Promise<void>
  /** Connections at the same time; more are closed at once. Default: no bound. */
  readonly maxConnections?: number
}

/** What a program read anew, and is ready to take over. */
export interface Change {
  /** Other files of TLS. Default: the same, read again. */
  readonly tls?: TlsFiles
  /** More files to be looked at. Default: the same. */
  readonly watch?: readonly string[]
  /** What only a restart takes over, in words. */
  readonly needsRestart?: readonly string[]
  /** Takes it over, once TLS has been read too. What it throws is logged, and must have changed nothing. */
  readonly takeOver?: () => void | Promise<void>
}

/** What came of a reload. */
export interface ReloadOutcome {
  /** False: something has a mistake, and everything stays as it was. */
  readonly ok: boolean
  /** The mistake, in a sentence. */
  readonly problem?: string
  /** What only a restart takes over, in words. */
  readonly needsRestart: readonly string[]
}

/** Makes a server with what it needs. Called in every process that serves, and in no other. */
export type Build = (make: ServerMaker) => Serving | void | Promise<Serving | void>
