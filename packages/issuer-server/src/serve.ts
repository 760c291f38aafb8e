import { anything, type OptionReaders, type Reader, readOptions } from '@scitokens/core/internal'
import type { Issuer } from '@scitokens/issuer'
import {
  type Activation,
  LeveledLogger,
  openService,
  type ReloadOutcome,
  type Service,
  type ServiceOptions,
} from '@scitokens/service'
import { readConfigFile } from './config/config-file.ts'
import type { ConfigFile } from './config/config-schema.ts'
import { located, SERVE_READERS, type ServeOptions } from './issuer/configured-issuer.ts'
import { type ListenOptions, listenOptions } from './listen/listen-options.ts'
import { ConfigReload } from './operation/reload.ts'
import { RunningIssuer } from './running-issuer.ts'

/** Options of {@link serveIssuer}. */
export interface ServeIssuerOptions extends ServeOptions {
  /**
   * What whoever started the program handed to it, such as listening sockets: `activationFrom(process.env, process.pid)` of
   * `@scitokens/service`. Default: nothing.
   */
  readonly activation?: Activation
}

const READERS: OptionReaders<ServeIssuerOptions> = { ...SERVE_READERS, activation: anything as Reader<Activation> }

/** An issuer that answers. */
export interface ServedIssuer {
  /** The issuer itself, with its realms: for `ClientAdmin`, say. */
  readonly issuer: Issuer
  /** Where it listens, such as `https://127.0.0.1:443` or `unix:/run/issuer/http.sock`. */
  readonly address: string
  /** Where health and metrics are, such as `http://127.0.0.1:9464`, if anywhere. */
  readonly operationsAddress: string | undefined
  /**
   * Opens the audit file anew (it may have been renamed) and reads the configuration again: clients, policy, limits, log level and the
   * certificate change at once, or nothing does where the file has a mistake. Never rejects: the outcome is logged and counted.
   */
  reload(): Promise<ReloadOutcome>
  /** Lets requests finish that have begun, takes no more, closes everything. A second call ends the waiting. */
  stop(): Promise<void>
}

/**
 * Runs an issuer from its configuration file. Signals are the program's: it calls `reload` and `stop`.
 *
 * Throws `config_error` that names file, line and key before anything listens; `undecided` where the database does not answer, or another
 * process has the port.
 *
 * @param path - of the configuration file.
 */
export async function serveIssuer(path: string, asked: ServeIssuerOptions): Promise<ServedIssuer> {
  const options = readOptions<ServeIssuerOptions>(asked, READERS)
  const read = await readConfigFile(path)
  const logger = new LeveledLogger(options.logger, read.config.logLevel)
  const listen = await located(read, () => listenOptions(read.config))
  const service = await openService(serviceOptions(read.config, listen, { ...options, logger }))
  let running: RunningIssuer | undefined
  await service.serve(async ({ http }) => {
    const opened = await RunningIssuer.open(read, { ...options, logger })
    running = opened
    const app = await opened.serve(http, (address) => listen.believes(address, comesBySocket(service)))
    const prepare = (config: ConfigFile) => {
      const takeOverLimits = opened.prepareLimits(config)
      return () => {
        takeOverLimits()
        logger.level = config.logLevel ?? 'info'
      }
    }
    return opened.serving(app, new ConfigReload(read, { issuer: opened.issuer, env: options.env, logger, prepare }))
  })
  return served(service, running!.issuer, listen)
}

function serviceOptions(
  { listen = {}, operations = {} }: ConfigFile,
  { place, tls }: ListenOptions,
  { logger, clock, activation }: Omit<ServeIssuerOptions, 'env'>,
): ServiceOptions {
  const { host = '127.0.0.1', port = 9464 } = operations || {}
  return {
    name: 'issuer',
    listen: place,
    ...(tls && { tls }),
    ...(operations !== false && { operations: { host, port } }),
    ...(activation && { activation }),
    drainSeconds: listen.drainSeconds ?? 0,
    logger,
    ...(clock && { clock }),
    signals: false,
  }
}

/** Whether nobody comes by the network: sockets that were handed over may be others than the file says. */
function comesBySocket({ addresses }: Service): boolean {
  return addresses.length > 0 && addresses.every((address) => address.startsWith('unix:'))
}

function served(service: Service, issuer: Issuer, { tls }: ListenOptions): ServedIssuer {
  const { addresses, operationsAddress } = service
  const url = (address: string, scheme: string): string =>
    address.startsWith('unix:') ? address : `${scheme}://${address}`
  return {
    issuer,
    address: addresses.map((address) => url(address, tls ? 'https' : 'http')).join(', '),
    operationsAddress: operationsAddress === undefined ? undefined : url(operationsAddress, 'http'),
    reload: () => service.reload(),
    stop: () => service.stop(),
  }
}
