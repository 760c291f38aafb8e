import { z } from 'zod'
import { list, port, text } from './values.ts'

/** Where the issuer listens. */
export interface ListenConfig {
  /** Address or name to listen on. Default: 127.0.0.1. */
  readonly host?: string
  /** Port to listen on. Default: 443 with TLS, 8080 without. */
  readonly port?: number
  /** A Unix socket instead of host and port, for a front end on this machine. Who may use it is told by its directory. */
  readonly socket?: string
  /** PEM files: the server's certificate with its chain, and its key. Without: a proxy does TLS. */
  readonly tls?: {
    /** File with the server's certificate and the chain behind it. */
    readonly certificate: string
    /** File with the key of the certificate. */
    readonly key: string
    /** Authorities whose client certificates are asked for. Default: none are. */
    readonly clientCa?: string
  }
  /** Addresses or networks whose `X-Forwarded-*` headers are believed. Default: none. */
  readonly trustedProxies?: readonly string[]
  /** How long a stop goes on serving while `/readyz` already says no, so that a balancer looks elsewhere first. Default: 0 seconds. */
  readonly drainSeconds?: number
}

/** The form of a {@link ListenConfig}. */
export const listenBlock: z.ZodType<ListenConfig> = z.strictObject({
  host: text.optional(),
  port: port.optional(),
  socket: text.optional(),
  tls: z.strictObject({ certificate: text, key: text, clientCa: text.optional() }).optional(),
  trustedProxies: list.optional(),
  drainSeconds: z.int().min(0).max(3600).optional(),
}) as never
