// Table of contents of `@scitokens/service`.
export { openService } from './open-service.ts'
export type { Service } from './service.ts'
export type { ServiceOptions, ServiceSignal, SignalSource } from './options.ts'
export type {
  Build,
  Change,
  HttpLimits,
  ReloadOutcome,
  RequestHandler,
  ServerMaker,
  Serving,
} from './backend/serving.ts'
export {
  checkThisMachine,
  formatPlace,
  parsePlace,
  type Place,
  readPlace,
  type SocketPlace,
  type TcpPlace,
} from './listen/place.ts'
export { checkSocketDirectory } from './listen/socket-file.ts'
export type { InheritedSocket } from './listen/inherited.ts'
export { type ReadTls, readTls, TLS_READERS, type TlsFiles } from './tls/tls-files.ts'
export { TLS_SERVER } from './tls/tls-server.ts'
export { type Activation, activationFrom, type Environment, type NotifyWay } from './systemd/activation.ts'
export { LeveledLogger, LOG_LEVELS, type LogLevel } from './leveled-logger.ts'
export {
  type Counter,
  type Described,
  type Gauge,
  type Histogram,
  type Labels,
  Metrics,
  METRICS_TYPE,
} from './metrics/metrics.ts'
