import type { Server } from 'node:net'

/** Where a service listens, as its workers know it. */
export interface Listening {
  /** In words. */
  readonly addresses: readonly string[]
  /** As `net.Server` tells it. */
  readonly address: ReturnType<Server['address']>
}
