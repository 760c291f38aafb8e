import { writeSync } from 'node:fs'
import type { Logger } from '@scitokens/core/internal'
import type { Activation, NotifyWay } from './activation.ts'

/** What the service manager is told. sd_notify(3). */
export type State = 'ready' | 'reloading' | 'stopping' | 'alive'

/**
 * Tells the service manager what goes on.
 *
 * It listens on a Unix datagram socket, which Node cannot make (nodejs/node#30059). It can write to one that is connected already, so the
 * best way is a descriptor from systemd itself: `OpenFile=/run/systemd/notify:notify`, of systemd 253. The kernel adds the writer's process id, so
 * `NotifyAccess=main` is enough. Else the program `systemd-notify` is run, which takes `NotifyAccess=all`.
 */
export class Notifier {
  readonly #way: NotifyWay | undefined
  readonly #logger: Logger
  readonly #heartbeat: NodeJS.Timeout | undefined
  #told: Promise<void> = Promise.resolve()
  #failed = false

  constructor({ notify, watchdogSeconds }: Pick<Activation, 'notify' | 'watchdogSeconds'>, logger: Logger) {
    this.#way = notify
    this.#logger = logger
    if (notify === undefined || watchdogSeconds === undefined) return
    // Half of it, as sd_watchdog_enabled(3) recommends.
    this.#heartbeat = setInterval(() => this.tell('alive'), watchdogSeconds * 500).unref()
  }

  /** Tells a state. What cannot be told is logged, once, and stops nobody. */
  tell(state: State, status?: string): void {
    const way = this.#way
    if (way === undefined) return
    const lines = [...ASSIGNMENTS[state](), ...(status === undefined ? [] : [`STATUS=${status}`])]
    if ('fd' in way) {
      try {
        writeSync(way.fd, lines.join('\n'))
      } catch (error) {
        this.#fail(error)
      }
      return
    }
    this.#told = this.#told.then(() => runSystemdNotify(lines, way.environment)).catch((error) => this.#fail(error))
  }

  /** Ends the signs of life; resolves when all is told. */
  async close(): Promise<void> {
    clearInterval(this.#heartbeat)
    await this.#told
  }

  #fail(error: unknown): void {
    if (!this.#failed) this.#logger.warn({ err: error }, 'the service manager could not be told what goes on')
    this.#failed = true
  }
}

const ASSIGNMENTS: Readonly<Record<State, () => readonly string[]>> = {
  ready: () => ['READY=1'],
  // Type=notify-reload asks for the time as well, to tell reloads apart; Node's is of the same clock.
  reloading: () => ['RELOADING=1', `MONOTONIC_USEC=${process.hrtime.bigint() / 1000n}`],
  stopping: () => ['STOPPING=1'],
  alive: () => ['WATCHDOG=1'],
}

async function runSystemdNotify(lines: readonly string[], environment: NodeJS.ProcessEnv): Promise<void> {
  const { execFile } = await import('node:child_process')
  await new Promise<void>((resolve, reject) => {
    execFile('systemd-notify', lines, { env: environment, timeout: 10_000 }, (error) => {
      if (error) reject(error)
      else resolve()
    })
  })
}
