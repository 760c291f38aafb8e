import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { type Clock, ConfigError, quote, SciTokenError } from '@scitokens/core'
import { CredmonFiles, type TopFile } from './credmon-files.ts'
import { type DeliveryFormat, type Family, labelOf } from './family.ts'
import { Renewer, type RenewerOptions } from './renewer.ts'
import { writeTokenFile } from './token-file.ts'
import type { TokenManager } from './token-manager.ts'
import type { Enrolment } from './token-manager-types.ts'

/** How tokens are had for services whose `.top` is only a request mark (HTCondor's "local" credentials). */
export interface CredmonProvider extends Pick<Enrolment, 'issuer' | 'clientId' | 'clientSecret' | 'kind' | 'secret'> {
  /** May hold `{username}`. */
  readonly scopes?: readonly string[]
  readonly audience?: readonly string[]
}

/** Options of {@link Credmon}. */
export interface CredmonOptions {
  /** `SEC_CREDENTIAL_DIRECTORY_OAUTH`. */
  readonly directory: string
  /** Content of `.use`: JSON as HTCondor's own credmons write it, or the bare token. Default: `json`. */
  readonly format?: DeliveryFormat
  /** By service. Default: none, every `.top` must hold a refresh token. */
  readonly providers?: Readonly<Record<string, CredmonProvider>>
  /** Seconds after which a user without jobs is swept (`SEC_CREDENTIAL_SWEEP_DELAY`). Default: 3600. */
  readonly sweepDelay?: number
  /** Default: every 60 s, besides `SIGHUP`. */
  readonly scanIntervalMs?: number
  readonly clock?: Clock
  readonly renewer?: Omit<RenewerOptions, 'onGrant'>
  readonly onEvent?: (event: CredmonEvent) => void
}

/** What a {@link Credmon} tells. Nothing in it is secret. */
export type CredmonEvent =
  | { readonly type: 'ready'; readonly owner: string; readonly name: string }
  | { readonly type: 'problem'; readonly file: string; readonly why: string }
  | { readonly type: 'swept'; readonly owner: string }

/** Seconds for which a web login may be left unfinished. */
const STALE_LOGIN = 12 * 3600
/** Users taken care of at the same time: the credd waits 20 s for a `.use`. */
const CONCURRENCY = 16

/**
 * A credential monitor under HTCondor's file contract: the credd writes `.top` (and `.meta`) and sends SIGHUP; the monitor
 * makes `.use` and keeps it fresh, rewrites `.top` when the issuer rotates, and sweeps users that are marked.
 *
 * One process serves one directory: the `pid` file is how the credd finds it.
 */
export class Credmon {
  readonly #manager: TokenManager
  readonly #files: CredmonFiles
  readonly #options: CredmonOptions
  readonly #renewer: Renewer
  #scanning: Promise<void> | undefined
  #again = false
  #timer: NodeJS.Timeout | undefined

  /** Throws `config_error` when the directory is not there. */
  constructor(manager: TokenManager, options: CredmonOptions) {
    this.#manager = manager
    this.#options = options
    this.#files = new CredmonFiles(options.directory)
    this.#renewer = new Renewer(manager, { ...options.renewer, onGrant: (family) => this.#keepTop(family) })
  }

  /** Writes `pid`, scans, says `CREDMON_COMPLETE`, and goes on scanning and renewing. */
  async start(): Promise<void> {
    const { directory } = this.#options
    rmSync(join(directory, 'CREDMON_COMPLETE'), { force: true })
    this.#write('pid', `${process.pid}\n`, 0o644)
    await this.scan()
    this.#write('CREDMON_COMPLETE', '', 0o644)
    this.#renewer.start()
    this.#timer = setInterval(() => void this.scan(), this.#options.scanIntervalMs ?? 60_000)
  }

  /** Ends; the credentials stay, the `pid` goes. */
  async stop(): Promise<void> {
    clearInterval(this.#timer)
    await this.#scanning
    await this.#renewer.stop()
    rmSync(join(this.#options.directory, 'pid'), { force: true })
  }

  /** Looks at the whole directory, as on SIGHUP. A call during a scan makes one more scan after it: nothing new is missed. Never throws. */
  scan(): Promise<void> {
    if (this.#scanning) {
      this.#again = true
      return this.#scanning
    }
    this.#scanning = this.#scanUntilQuiet().finally(() => {
      this.#scanning = undefined
    })
    return this.#scanning
  }

  async #scanUntilQuiet(): Promise<void> {
    do {
      this.#again = false
      // oxlint-disable-next-line no-await-in-loop -- one scan after the other
      await this.#scanOnce()
    } while (this.#again)
  }

  async #scanOnce(): Promise<void> {
    try {
      this.#sweepMarked()
      this.#files.removeStaleLogins(this.#clock(), STALE_LOGIN)
      const tops = this.#files
        .owners()
        .flatMap((owner) => this.#files.tops(owner, (file, why) => this.#tell({ type: 'problem', file, why })))
      this.#forgetRemoved(tops)
      const queue = tops.values()
      const worker = async (): Promise<void> => {
        // oxlint-disable-next-line no-await-in-loop -- one worker, one user
        for (const top of queue) await this.#take(top)
      }
      await Promise.all(Array.from({ length: CONCURRENCY }, worker))
    } catch (error) {
      this.#tell({ type: 'problem', file: this.#options.directory, why: reasonOf(error) })
    }
  }

  /** Sees to it that one credential has its `.use`. One that fails keeps nobody else waiting. */
  async #take(top: TopFile): Promise<void> {
    const name = { owner: top.owner, service: top.service, handle: top.handle }
    const file = this.#useFile(top.owner, top.name)
    try {
      const known = this.#manager.store.families.find(name)
      if (!known || this.#manager.store.getSetting(noteOf(top)) !== top.digest) {
        this.#manager.enrol(this.#enrolment(top))
        this.#manager.store.putSetting(noteOf(top), top.digest)
      } else if (this.#manager.store.deliveries.find(file)) {
        return // the renewer has it
      }
      const before = this.#manager.store.families.find(name)!
      await this.#manager.deliver({ ...name, file, format: this.#options.format ?? 'json' })
      const after = this.#manager.store.families.find(name)
      if (after && after.secret !== before.secret) this.#keepTop(after)
      this.#tell({ type: 'ready', owner: top.owner, name: top.name })
    } catch (error) {
      this.#tell({ type: 'problem', file: top.path, why: reasonOf(error) })
    }
  }

  #enrolment(top: TopFile): Enrolment {
    const name = { owner: top.owner, service: top.service, handle: top.handle }
    const scopes = words(top.content['scopes'])
    const audience = words(top.content['audience'])
    const refreshToken = top.content['refresh_token']
    if (typeof refreshToken !== 'string') return this.#localEnrolment(name, scopes, audience)
    // Pelican keeps the endpoint in `.top`, HTCondor's OAuth credmon in `.meta`.
    const tokenEndpoint = top.meta['token_url'] ?? top.content['token_url']
    const { client_id: clientId, client_secret: clientSecret } = top.meta
    if (typeof tokenEndpoint !== 'string' || !URL.canParse(tokenEndpoint)) {
      throw new ConfigError(`${top.name}.meta names no token_url`)
    }
    if (typeof clientId !== 'string') throw new ConfigError(`${top.name}.meta names no client_id`)
    return {
      ...name,
      issuer: new URL(tokenEndpoint).origin,
      tokenEndpoint,
      clientId,
      ...(typeof clientSecret === 'string' && clientSecret !== '' ? { clientSecret } : {}),
      kind: 'refresh_token',
      secret: refreshToken,
      scopes,
      audience,
    }
  }

  #localEnrolment(
    name: { owner: string; service: string; handle: string },
    scopes: readonly string[],
    audience: readonly string[],
  ): Enrolment {
    const provider = this.#options.providers?.[name.service]
    if (!provider)
      throw new ConfigError(`there is no refresh token, and no provider for the service ${quote(name.service)}`)
    const username = name.owner.split('@')[0]!
    const own = (provider.scopes ?? []).map((scope) => scope.replaceAll('{username}', username))
    return {
      ...name,
      ...provider,
      scopes: scopes.length > 0 ? scopes : own,
      audience: audience.length > 0 ? audience : (provider.audience ?? []),
    }
  }

  /** The issuer rotated: `.top` follows, so that another credmon could take over at any time. */
  #keepTop(family: Family): void {
    const { owner, secret } = family
    const fileName = labelOf(family)
    const top = this.#files.tops(owner, () => {}).find(({ name }) => name === fileName)
    if (!top || secret === undefined || typeof top.content['refresh_token'] !== 'string') return
    try {
      const content = `${JSON.stringify({ ...top.content, refresh_token: secret })}\n`
      writeTokenFile(top.path, content, { mode: 0o600, ...this.#trusted() })
      const written = this.#files.tops(owner, () => {}).find(({ name }) => name === fileName)
      if (written) this.#manager.store.putSetting(noteOf(written), written.digest)
    } catch (error) {
      this.#tell({ type: 'problem', file: top.path, why: reasonOf(error) })
    }
  }

  /** Whatever the credd has removed is renewed no more. */
  #forgetRemoved(tops: readonly TopFile[]): void {
    const here = new Set(tops.map(({ owner, name }) => this.#useFile(owner, name)))
    for (const { file, owner, service, handle } of this.#manager.store.deliveries.below(this.#options.directory)) {
      if (here.has(file)) continue
      this.#manager.forget(file)
      rmSync(file, { force: true })
      const family = this.#manager.store.families.find({ owner, service, handle })
      if (family) this.#manager.store.families.remove(family.id)
    }
  }

  #sweepMarked(): void {
    for (const { owner, since } of this.#files.marks()) {
      if (this.#clock() - since <= (this.#options.sweepDelay ?? 3600)) continue
      this.#files.sweep(owner)
      this.#tell({ type: 'swept', owner })
    }
  }

  #useFile(owner: string, name: string): string {
    return join(this.#options.directory, owner, `${name}.use`)
  }

  #write(name: string, content: string, mode: number): void {
    writeTokenFile(join(this.#options.directory, name), content, { mode, ...this.#trusted() })
  }

  #trusted(): { trustedOwners: readonly number[] } {
    return { trustedOwners: [process.geteuid?.() ?? 0] }
  }

  #clock(): number {
    return (this.#options.clock ?? this.#manager.clock)()
  }

  #tell(event: CredmonEvent): void {
    this.#options.onEvent?.(event)
  }
}

/** Under which name is kept what was imported from a `.top`. */
function noteOf({ owner, name }: TopFile): string {
  return `credmon\0${owner}\0${name}`
}

/** Lists are written with spaces or commas, or as JSON lists. */
function words(value: unknown): readonly string[] {
  if (Array.isArray(value)) return value.map(String)
  return typeof value === 'string' ? value.split(/[\s,]+/).filter(Boolean) : []
}

function reasonOf(error: unknown): string {
  if (error instanceof SciTokenError) return error.message
  return (error as NodeJS.ErrnoException).code ?? 'unexpected failure'
}
