import { type Clock, ConfigError, systemClock } from '@scitokens/core'
import {
  anything,
  callable,
  flag,
  having,
  type Logger,
  listOf,
  nested,
  number,
  oneOrMore,
  type OptionReaders,
  type Reader,
  readOptions,
  silentLogger,
  text,
  whole,
  wrong,
} from '@scitokens/core/internal'
import { type Place, readPlace } from './listen/place.ts'
import type { Activation } from './systemd/activation.ts'
import { TLS_READERS, type TlsFiles } from './tls/tls-files.ts'

/** Where signals come from: `process`, or what stands for it. */
export interface SignalSource {
  /** Calls the listener with each signal from now on. */
  on(signal: ServiceSignal, listener: () => void): unknown
  /** Does so no more. */
  off(signal: ServiceSignal, listener: () => void): unknown
}

/** `SIGTERM` and `SIGINT` end a service, the second one at once; `SIGHUP` makes it read again what may have changed. */
export type ServiceSignal = 'SIGTERM' | 'SIGINT' | 'SIGHUP'

/** Options of `openService`. */
export interface ServiceOptions {
  /** What it is called in logs, `issuer` say. */
  readonly name: string
  /** Where to listen: one place, or several. Sockets that were inherited take the place of all of them. */
  readonly listen: Place | readonly Place[]
  /** Refuses to listen, on inherited sockets too, where other machines could connect. Default: false. */
  readonly onlyThisMachine?: boolean
  /** TLS on network addresses; never on Unix sockets. Default: none, something in front does it. */
  readonly tls?: TlsFiles
  /** Where `/healthz`, `/readyz` and `/metrics` are: not for the world. An inherited socket called `operations` takes its place. Default: nowhere. */
  readonly operations?: Place
  /** What whoever started the program handed to it: `activationFrom(process.env, process.pid)`. Default: nothing. */
  readonly activation?: Activation
  /** Processes that serve. 1: this one does. More: this one starts the same program so many times, and hands out connections. Default: 1. */
  readonly workers?: number
  /** Files whose change makes the service read again what they hold, as `SIGHUP` does; those of TLS always are. Default: none. */
  readonly watch?: readonly string[]
  /** Seconds between two looks at those files; 0: never. Default: 10. */
  readonly watchSeconds?: number
  /** How long a stop goes on serving while `/readyz` says no already, so that a balancer looks elsewhere first, in seconds. Default: 0. */
  readonly drainSeconds?: number
  /** How long a stop waits for what has begun, in seconds; then it is ended. Below systemd's `TimeoutStopSec`. Default: 25. */
  readonly stopSeconds?: number
  /** Default: says nothing. */
  readonly logger?: Logger
  /** Default: `process`. False: `stop()` and `reload()` are called by the program. */
  readonly signals?: SignalSource | false
  /** Default: the clock of the machine. */
  readonly clock?: Clock
}

const signals: Reader<SignalSource | false> = (value, name) =>
  value === false ? value : having<SignalSource>('off', 'a source of signals, or false')(value, name)

const serviceName: Reader<string> = (value, name) => {
  const given = text(value, name)
  if (/^[a-z][a-z0-9-]*$/.test(given)) return given
  throw wrong(name, 'a name such as token-manager', value)
}

const READERS: OptionReaders<ServiceOptions> = {
  name: serviceName,
  listen: oneOrMore(readPlace),
  onlyThisMachine: flag,
  tls: nested(TLS_READERS),
  operations: readPlace,
  activation: anything as Reader<Activation>,
  workers: whole(1, 1024, 'processes'),
  watch: listOf(text, { empty: true }),
  watchSeconds: number(0, 86_400, 'seconds'),
  drainSeconds: number(0, 3600, 'seconds'),
  stopSeconds: number(0, 3600, 'seconds'),
  logger: having<Logger>('info', 'a logger'),
  signals,
  clock: callable<Clock>(),
}

/** {@link ServiceOptions} with what was left out. */
export type Settings = Required<Omit<ServiceOptions, 'listen' | 'tls' | 'operations' | 'activation'>> &
  Pick<ServiceOptions, 'tls' | 'operations'> & {
    readonly listen: readonly Place[]
    readonly activation: Activation
  }

const NOTHING_HANDED: Activation = {
  sockets: [],
  notify: undefined,
  watchdogSeconds: undefined,
  worker: undefined,
  childEnvironment: {},
}

/** Throws `config_error`. */
export function readSettings(given: ServiceOptions): Settings {
  const read = readOptions<ServiceOptions>(given, READERS)
  const { name, listen, activation, workers = 1, tls } = read
  if (name === undefined || listen === undefined)
    throw new ConfigError('config_error', 'a service has a name, and a place to listen')
  if (tls && (tls.certificate === undefined || tls.key === undefined)) {
    throw new ConfigError('config_error', 'the option tls needs certificate and key')
  }
  if (workers > 1 && !activation) {
    throw new ConfigError(
      'config_error',
      'workers are started with the environment of the program: give activation, too',
    )
  }
  return {
    onlyThisMachine: false,
    watch: [],
    watchSeconds: 10,
    drainSeconds: 0,
    stopSeconds: 25,
    logger: silentLogger,
    signals: process,
    clock: systemClock,
    ...read,
    name,
    workers,
    listen: 'length' in listen ? listen : [listen],
    activation: activation ?? NOTHING_HANDED,
  }
}
