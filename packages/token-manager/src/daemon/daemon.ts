import { lockInstance } from '../state/instance-lock.ts'
import { ManagerServer, type ManagerServerOptions } from './manager-server.ts'
import { Renewer, type RenewerOptions } from '../manager/renewer.ts'
import type { TokenManager } from '../manager/token-manager.ts'

/** Options of {@link startDaemon}. */
export interface DaemonOptions extends ManagerServerOptions {
  readonly stateDirectory: string
  readonly renewer?: RenewerOptions
}

/** A running manager. */
export interface Daemon {
  readonly socket: string
  readonly renewer: Renewer
  /** Ends after what is under way. */
  stop(): Promise<void>
}

/**
 * Serves users and jobs until stopped: one instance per state directory, the socket, and the renewals.
 *
 * Throws `config_error` when another manager serves the same state.
 */
export async function startDaemon(manager: TokenManager, options: DaemonOptions): Promise<Daemon> {
  const lock = lockInstance(options.stateDirectory)
  try {
    const server = new ManagerServer(manager, options)
    await server.listen()
    const renewer = new Renewer(manager, options.renewer)
    renewer.start()
    return {
      socket: server.path,
      renewer,
      stop: async () => {
        await server.close()
        await renewer.stop()
        lock[Symbol.dispose]()
      },
    }
  } catch (error) {
    lock[Symbol.dispose]()
    throw error
  }
}
