import { ConfigError } from '@scitokens/core'
import type { Logger } from '@scitokens/core/internal'
import type { Issuer, IssuerOptions } from '@scitokens/issuer'
import type { Change } from '@scitokens/service'
import { describeChange, needsRestart } from '../config/config-changes.ts'
import { type ReadConfig, readConfigFile } from '../config/config-file.ts'
import type { ConfigFile } from '../config/config-schema.ts'
import { checkConfig, located } from '../issuer/configured-issuer.ts'
import { listenOptions } from '../listen/listen-options.ts'

/** What a {@link ConfigReload} works on. */
export interface ReloadTarget {
  readonly issuer: Issuer
  readonly env: NodeJS.ProcessEnv
  readonly logger: Logger
  /** Reads what is not the issuer's own: limits, log level. Answers what takes it over, which cannot fail. */
  readonly prepare: (config: ConfigFile) => () => void
}

/** Reads the configuration of a running issuer again. */
export class ConfigReload {
  readonly #started: ReadConfig
  readonly #target: ReloadTarget
  #current: ConfigFile

  /** @param started - what the process was started with. */
  constructor(started: ReadConfig, target: ReloadTarget) {
    this.#started = started
    this.#current = started.config
    this.#target = target
  }

  /** What the file says now, checked, and ready to be taken over. Throws `config_error` that names file, line and key. */
  async read(): Promise<Change> {
    const { issuer, env, logger, prepare } = this.#target
    const read = await readConfigFile(this.#started.path)
    const pending = needsRestart(this.#started.config, read.config)
    const options = await withPending(pending, () => checkConfig(read, env, logger))
    const { tls } = await located(read, () => listenOptions(read.config))
    const takeOver = await located(read, async () => prepare(read.config))
    return {
      needsRestart: pending,
      ...(tls && { tls }),
      takeOver: async () => {
        await located(read, () => issuer.reconfigure(options))
        takeOver()
        await this.#audit(read.config, options)
        this.#current = read.config
      },
    }
  }

  /** One line per issuer, about what it took over. */
  async #audit(config: ConfigFile, options: IssuerOptions): Promise<void> {
    const { issuer, logger } = this.#target
    for (const { issuer: name, audit, clock } of issuer.realms) {
      const [before, after] = [this.#current, config].map((one) => one.realms?.find((r) => r.issuer === name) ?? one)
      if (!options.realms?.some((realm) => realm.issuer === name) && options.issuer !== name) continue
      const detail = describeChange(before!, after!)
      logger.info({ issuer: name, changed: detail }, 'clients and policy are those of the file')
      try {
        // oxlint-disable-next-line no-await-in-loop -- a line each, in order
        await audit.write({ time: Math.floor(clock()), event: 'config_reloaded', issuer: name, detail })
      } catch (error) {
        logger.error(
          { err: error, issuer: name },
          'the audit line about the changed configuration could not be written',
        )
      }
    }
  }
}

/** A mistake is told with what else of the file would have to wait. */
async function withPending<T>(pending: readonly string[], work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (pending.length === 0 || !(error instanceof ConfigError)) throw error
    const message = `${error.message} (only a restart takes over ${pending.join(', ')})`
    throw new ConfigError(error.code, message, { cause: error })
  }
}
