import { anything, given, nested, type OptionReaders, readOptions, text, whole, wrong } from '@scitokens/core/internal'
import { Metrics, openService, type ServiceOptions } from '@scitokens/service'
import { Renewer, RENEWER_READERS, type RenewerEvent, type RenewerOptions } from '../manager/renewer.ts'
import type { TokenManager } from '../manager/token-manager.ts'
import { lockInstance } from '../state/instance-lock.ts'
import { ManagerServer, type ManagerServerOptions, SERVER_READERS } from './manager-server.ts'

/** What the life of the daemon has of that of any service. */
type LifeOptions = Pick<ServiceOptions, 'activation' | 'logger' | 'operations' | 'signals' | 'stopSeconds'>

/** Options of {@link startDaemon}. Signals are heard where they are given. */
export interface DaemonOptions extends ManagerServerOptions, LifeOptions {
  /** Where the manager keeps its state: one daemon serves it. */
  readonly stateDirectory: string
  /** Connections at the same time; more are closed at once. Default: 200. */
  readonly maxConnections?: number
  /** How tokens are renewed. Default: as {@link RenewerOptions} says. */
  readonly renewer?: RenewerOptions
}

/** What the life of the daemon is, its service reads by itself. */
const READERS: OptionReaders<DaemonOptions> = {
  ...SERVER_READERS,
  stateDirectory: text,
  maxConnections: whole(1, 100_000, 'connections'),
  renewer: nested(RENEWER_READERS),
  activation: anything as never,
  logger: anything as never,
  operations: anything as never,
  signals: anything as never,
  stopSeconds: anything as never,
}

/** A running manager. */
export interface Daemon {
  /** The path of its socket. */
  readonly socket: string
  /** Where health and metrics are, if anywhere: `127.0.0.1:9465`. */
  readonly operationsAddress: string | undefined
  /** What renews the tokens of jobs. */
  readonly renewer: Renewer
  /** Ends after what is under way. */
  stop(): Promise<void>
  /** Resolves when it has ended, by a signal or by `stop()`. */
  readonly stopped: Promise<void>
}

/**
 * Serves users and jobs until stopped: one instance per state directory, the socket, and the renewals.
 *
 * Throws `config_error` when another manager serves the same state, or where others could replace the socket.
 */
export async function startDaemon(manager: TokenManager, options: DaemonOptions): Promise<Daemon> {
  const {
    stateDirectory,
    maxConnections = 200,
    renewer: renewals = {},
    signals = false,
    ...more
  } = readOptions<DaemonOptions>(options, READERS)
  if (stateDirectory === undefined) throw wrong('stateDirectory', 'a directory', undefined)
  const { activation, logger, operations, stopSeconds, ...serving } = more
  const release = once(lockInstance(stateDirectory))
  try {
    const server = new ManagerServer(manager, serving)
    server.prepare()
    const service = await openService({
      name: 'token-manager',
      // Everybody may knock; who it is comes out afterwards.
      listen: { path: server.path, mode: 0o666 },
      signals,
      clock: manager.clock,
      ...given({ activation, logger, operations, stopSeconds }),
    })
    const metrics = new RenewalMetrics()
    const renewer = new Renewer(manager, metrics.count(renewals))
    await service.serve(({ sockets }) => {
      sockets((socket) => void server.serve(socket))
      return {
        maxConnections,
        metrics: () => metrics.text(),
        ready: () => problemsOf(manager),
        drain: () => server.drain(),
        close: async () => {
          await renewer.stop()
          release()
        },
      }
    })
    renewer.start()
    const [socket = ''] = service.addresses
    return {
      socket: socket.replace(/^unix:/, ''),
      operationsAddress: service.operationsAddress,
      renewer,
      stop: () => service.stop(),
      stopped: service.stopped,
    }
  } catch (error) {
    release()
    throw error
  }
}

/** Whether the state can be read. */
async function problemsOf({ store, clock }: TokenManager): Promise<readonly string[]> {
  try {
    await store.work(() => store.tokens.due(clock(), 1, []))
    return []
  } catch {
    return ['the state cannot be read']
  }
}

/** How the renewals come out, for an operator's dashboard. */
class RenewalMetrics {
  readonly #metrics = new Metrics()
  readonly #renewals = this.#metrics.counter({
    name: 'scitokens_token_manager_renewals_total',
    help: 'Tokens renewed, renewals that failed, and job files that could not be written.',
    labels: ['outcome'],
  })

  /** The same options, and every event is counted. */
  count({ onEvent, ...options }: RenewerOptions): RenewerOptions {
    const note = (event: RenewerEvent): void => {
      this.#renewals.inc({ outcome: event.type })
      onEvent?.(event)
    }
    return { ...options, onEvent: note }
  }

  text(): Promise<string> {
    return this.#metrics.text()
  }
}

/** Releases a lock, whoever asks first. */
function once(lock: Disposable): () => void {
  let isHeld = true
  return () => {
    if (isHeld) lock[Symbol.dispose]()
    isHeld = false
  }
}
