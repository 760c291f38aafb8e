import { given } from '@scitokens/core/internal'
import type { InheritedSocket } from '../listen/inherited.ts'

/** What whoever started this process hands to it: systemd, another service manager, or a service whose worker it is. */
export interface Activation {
  /** Listening sockets, in their order. `LISTEN_FDS` and `LISTEN_FDNAMES` of sd_listen_fds(3). */
  readonly sockets: readonly InheritedSocket[]
  /** How the service manager is told what goes on, if it wants to know. sd_notify(3). */
  readonly notify: NotifyWay | undefined
  /** The service manager expects a sign of life at least this often, in seconds. sd_watchdog_enabled(3). */
  readonly watchdogSeconds: number | undefined
  /** The number of this worker, from 1, where the process is one of several that another service has started. */
  readonly worker: number | undefined
  /** The environment that children get: without what was meant for this process alone. */
  readonly childEnvironment: Environment
}

/** Environment variables, such as `process.env`. */
export type Environment = Readonly<Record<string, string | undefined>>

/** A descriptor to write to, or the environment that the program `systemd-notify` needs. */
export type NotifyWay = { readonly fd: number } | { readonly environment: Environment }

/** The first descriptor that is handed over. */
const FIRST = 3

/** What an inherited descriptor is called that leads to the service manager's notification socket: `OpenFile=/run/systemd/notify:notify`. */
const NOTIFY_NAME = 'notify'

/** Says which worker a process is. */
const WORKER = 'SCITOKENS_SERVICE_WORKER'

/** Not for children. */
const OWN = new Set([
  'LISTEN_FDS',
  'LISTEN_PID',
  'LISTEN_FDNAMES',
  'NOTIFY_SOCKET',
  'WATCHDOG_USEC',
  'WATCHDOG_PID',
  WORKER,
])

/**
 * Reads what a program was started with. Pure; what is meant for another process (`LISTEN_PID`, `WATCHDOG_PID`) or cannot be
 * understood is as if it was not there.
 *
 * @param environment - the program's: `process.env`.
 * @param pid - the program's: `process.pid`.
 */
export function activationFrom(environment: Environment, pid: number): Activation {
  const descriptors = inherited(environment, pid)
  const notifyFd = descriptors.find(({ name }) => name === NOTIFY_NAME)
  const worker = natural(environment[WORKER])
  return {
    sockets: descriptors.filter((one) => one !== notifyFd),
    notify: notifyWay(notifyFd?.fd, environment),
    watchdogSeconds: watchdog(environment, pid),
    worker,
    childEnvironment: Object.fromEntries(Object.entries(environment).filter(([name]) => !OWN.has(name))),
  }
}

/** The environment of a worker. */
export function workerEnvironment({ childEnvironment }: Activation, worker: number): Environment {
  return { ...childEnvironment, [WORKER]: String(worker) }
}

function inherited(environment: Environment, pid: number): InheritedSocket[] {
  if (natural(environment['LISTEN_PID']) !== pid) return []
  const names = environment['LISTEN_FDNAMES']?.split(':') ?? []
  const count = natural(environment['LISTEN_FDS']) ?? 0
  return Array.from({ length: count }, (_, index) => ({ fd: FIRST + index, name: names[index] || 'unknown' }))
}

function notifyWay(fd: number | undefined, environment: Environment): NotifyWay | undefined {
  if (fd !== undefined) return { fd }
  const { NOTIFY_SOCKET: address, PATH: path } = environment
  if (!address) return undefined
  return { environment: { NOTIFY_SOCKET: address, ...given({ PATH: path }) } }
}

function watchdog(environment: Environment, pid: number): number | undefined {
  const microseconds = natural(environment['WATCHDOG_USEC'])
  const meant = environment['WATCHDOG_PID'] === undefined || natural(environment['WATCHDOG_PID']) === pid
  return microseconds !== undefined && meant ? microseconds / 1e6 : undefined
}

function natural(text: string | undefined): number | undefined {
  return text !== undefined && /^[1-9]\d{0,14}$/.test(text) ? Number(text) : undefined
}
