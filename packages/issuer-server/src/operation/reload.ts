import type { Logger } from '@scitokens/core/internal'
import type { Issuer, IssuerOptions } from '@scitokens/issuer'
import { type ReadConfig, readConfigFile } from '../config/config-file.ts'
import { describeChange, needsRestart } from '../config/config-changes.ts'
import { checkConfig, located } from '../issuer/configured-issuer.ts'
import type { ConfigFile } from '../config/config-schema.ts'

/** What came of reading the configuration again. */
export interface ReloadOutcome {
  /** False: the file has a mistake, and everything stays as it was. */
  readonly ok: boolean
  /** Keys whose change only a restart takes over. */
  readonly needsRestart: readonly string[]
}

/** What a {@link Reloader} works on. */
export interface ReloadTarget {
  readonly issuer: Issuer
  readonly env: NodeJS.ProcessEnv
  readonly logger: Logger
  /** Reads what is not the issuer's own: limits, log level, certificate. Answers what takes it over, which cannot fail. */
  readonly prepare: (config: ConfigFile) => Promise<() => void>
  readonly note: (outcome: ReloadOutcome) => void
}

/** Reads the configuration of a running issuer again, one reload after the other. */
export class Reloader {
  readonly #started: ReadConfig
  readonly #target: ReloadTarget
  #current: ConfigFile
  #running: Promise<unknown> = Promise.resolve()

  /** @param started - what the process was started with. */
  constructor(started: ReadConfig, target: ReloadTarget) {
    this.#started = started
    this.#current = started.config
    this.#target = target
  }

  /** Takes over what can be taken over, or nothing if the file has a mistake. Never rejects: the outcome is logged. */
  reload(): Promise<ReloadOutcome> {
    const outcome = this.#running.then(() => this.#reload())
    this.#running = outcome
    return outcome
  }

  async #reload(): Promise<ReloadOutcome> {
    const { logger, note } = this.#target
    const outcome = await this.#takeOver()
    note(outcome)
    if (outcome.ok && outcome.needsRestart.length > 0) {
      logger.warn(
        { needsRestart: outcome.needsRestart },
        `only a restart takes over ${outcome.needsRestart.join(', ')}`,
      )
    }
    return outcome
  }

  async #takeOver(): Promise<ReloadOutcome> {
    const { issuer, env, logger, prepare } = this.#target
    const { path } = this.#started
    let pending: readonly string[] = []
    try {
      const read = await readConfigFile(path)
      pending = needsRestart(this.#started.config, read.config)
      const options = await checkConfig(read, env, logger)
      const takeOver = await located(read, () => prepare(read.config))
      // All or nothing: from here on only this can fail, and it changes nothing then.
      await located(read, () => issuer.reconfigure(options))
      takeOver()
      await this.#audit(read.config, options)
      this.#current = read.config
      logger.info({ config: path }, 'the configuration was read again')
      return { ok: true, needsRestart: pending }
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error)
      const restart = pending.length === 0 ? '' : ` (only a restart takes over ${pending.join(', ')})`
      logger.error({ config: path }, `the configuration was not taken over, all stays as it was: ${why}${restart}`)
      return { ok: false, needsRestart: pending }
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
