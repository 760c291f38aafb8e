import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { type Clock, SciTokenError } from '@scitokens/core'
import {
  callable,
  choice,
  inParallel,
  nested,
  number,
  type OptionReaders,
  readOptions,
  recordOf,
  text,
  whole,
  wrong,
} from '@scitokens/core/internal'
import { type CredmonProvider, PROVIDER_READERS, takeTop } from './credmon-enrolment.ts'
import { CredmonFiles, type TopFile } from './credmon-files.ts'
import { type DeliveryFormat, type Family, labelOf } from '../state/family.ts'
import { Renewer, RENEWER_READERS, type RenewerOptions } from '../manager/renewer.ts'
import { writePrivateFile } from '@scitokens/host/files'
import { isAlive } from '../state/process-life.ts'
import type { TokenManager } from '../manager/token-manager.ts'

/** Options of {@link Credmon}. */
export interface CredmonOptions {
  /** The directory of credentials that HTCondor calls `SEC_CREDENTIAL_DIRECTORY_OAUTH`. */
  readonly directory: string
  /** Content of `.use`: JSON as HTCondor's own credmons write it, or the bare token. Default: `json`. */
  readonly format?: DeliveryFormat
  /** How tokens are had for services whose `.top` brings no client, by service. Default: none: every `.top` must hold a refresh token. */
  readonly providers?: Readonly<Record<string, CredmonProvider>>
  /** Seconds after which a user without jobs is swept (`SEC_CREDENTIAL_SWEEP_DELAY`). Default: 3600. */
  readonly sweepDelay?: number
  /** Time between two looks at the directory, besides those on `SIGHUP`, in milliseconds. Default: 60 000. */
  readonly scanIntervalMs?: number
  /** Tells the time, in seconds since the epoch. Default: the manager's. */
  readonly clock?: Clock
  /** How tokens are renewed. Default: as {@link RenewerOptions} says. */
  readonly renewer?: Omit<RenewerOptions, 'onGrant'>
  /** Called for everything an operator may want to know. Default: nobody is told. */
  readonly onEvent?: (event: CredmonEvent) => void
}

const READERS: OptionReaders<CredmonOptions> = {
  directory: text,
  format: choice('bare', 'json'),
  providers: recordOf(nested(PROVIDER_READERS)),
  sweepDelay: number(0, Number.MAX_SAFE_INTEGER, 'seconds'),
  scanIntervalMs: whole(1, 2_000_000_000, 'milliseconds'),
  clock: callable<Clock>(),
  renewer: nested(RENEWER_READERS),
  onEvent: callable<NonNullable<CredmonOptions['onEvent']>>(),
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

  /** Looks at nothing yet. Throws `config_error` for options that make no sense. */
  constructor(manager: TokenManager, given: CredmonOptions) {
    const options = readOptions<CredmonOptions>(given, READERS)
    if (options.directory === undefined) throw wrong('directory', 'a directory', undefined)
    this.#manager = manager
    this.#options = options
    this.#files = new CredmonFiles(options.directory)
    this.#renewer = new Renewer(manager, { ...options.renewer, onGrant: (family) => this.#keepTop(family) })
  }

  /**
   * Writes `pid`, scans, says `CREDMON_COMPLETE`, and goes on scanning and renewing.
   *
   * Throws `config_error` when the directory is not there.
   */
  async start(): Promise<void> {
    this.#files.check()
    const { directory } = this.#options
    rmSync(join(directory, 'CREDMON_COMPLETE'), { force: true })
    this.#noticeAnother()
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

  /** Its number may be another program's by now, so this is said, and no reason not to start. */
  #noticeAnother(): void {
    const pid = this.#files.pid()
    if (pid === undefined || pid === process.pid || !isAlive(pid)) return
    const why = `process ${pid} is named here and alive: two credential monitors in one directory would undo each other's work`
    this.#tell({ type: 'problem', file: join(this.#options.directory, 'pid'), why })
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
      await this.#forgetRemoved(tops)
      await inParallel(CONCURRENCY, tops, (top) => this.#take(top))
    } catch (error) {
      this.#tell({ type: 'problem', file: this.#options.directory, why: reasonOf(error) })
    }
  }

  /** Sees to it that one credential has its `.use`. One that fails keeps nobody else waiting. */
  async #take(top: TopFile): Promise<void> {
    const name = { owner: top.owner, service: top.service, handle: top.handle }
    const file = this.#useFile(top.owner, top.name)
    if (isWithoutRenewal(top)) return
    const { store } = this.#manager
    const find = (): Promise<Family | undefined> => store.work(() => store.families.find(name))
    try {
      const { isTaken, isSupplied } = await store.work(() => ({
        isTaken:
          store.families.find(name) !== undefined && store.getSetting(noteOf(top)) === this.#taken(top, top.digest),
        isSupplied: store.deliveries.find(file) !== undefined,
      }))
      if (!isTaken) await this.#enrol(top)
      else if (isSupplied) return // the renewer has it
      const before = (await find())!
      await this.#manager.deliver({ ...name, file, format: this.#options.format ?? 'json' })
      const after = await find()
      if (after && after.secret !== before.secret) await this.#keepTop(after)
      this.#tell({ type: 'ready', owner: top.owner, name: top.name })
    } catch (error) {
      this.#tell({ type: 'problem', file: top.path, why: reasonOf(error) })
    }
  }

  /** Keeps what a `.top` brings. */
  async #enrol(top: TopFile): Promise<void> {
    const provider = providerOf(this.#options, top.service)
    const { enrolment, grant, content } = await takeTop(top, provider, this.#manager.oauth)
    // Before anything else: a login that was had for the person's token cannot be had twice.
    const digest = content === undefined ? top.digest : this.#rewrite(top, content)
    if (grant) await this.#manager.adopt(enrolment, grant)
    else await this.#manager.enrol(enrolment)
    await this.#note(top, digest)
    if (grant && content === undefined) {
      const why = 'the issuer gave no refresh token for it: it cannot be renewed'
      this.#tell({ type: 'problem', file: top.path, why })
    }
  }

  /** The issuer rotated: `.top` follows, so that another credmon could take over at any time. */
  async #keepTop(family: Family): Promise<void> {
    const { owner, secret } = family
    const fileName = labelOf(family)
    const top = this.#files.tops(owner, () => {}).find(({ name }) => name === fileName)
    if (!top || secret === undefined || typeof top.content['refresh_token'] !== 'string') return
    try {
      await this.#note(top, this.#rewrite(top, { ...top.content, refresh_token: secret }))
    } catch (error) {
      this.#tell({ type: 'problem', file: top.path, why: reasonOf(error) })
    }
  }

  /** Remembers what was taken over from a `.top`. */
  async #note(top: TopFile, digest: string): Promise<void> {
    const { store } = this.#manager
    await store.work(() => store.putSetting(noteOf(top), this.#taken(top, digest)))
  }

  /** What a login was made of: the `.top` and the provider, for an operator who narrows a provider means the logins that are there too. */
  #taken({ service }: TopFile, digest: string): string {
    const { issuer, clientId, scopes, audience } = providerOf(this.#options, service) ?? {}
    return JSON.stringify([digest, issuer, clientId, scopes, audience])
  }

  /** Writes a `.top` anew; answers its digest, so that our own writing is no new login. */
  #rewrite({ path, owner, name }: TopFile, content: Readonly<Record<string, unknown>>): string {
    writePrivateFile(path, `${JSON.stringify(content)}\n`, { what: 'the token file', mode: 0o600, ...this.#trusted() })
    const written = this.#files.tops(owner, () => {}).find((top) => top.name === name)
    return written?.digest ?? ''
  }

  /** Whatever the credd has removed is renewed no more. */
  async #forgetRemoved(tops: readonly TopFile[]): Promise<void> {
    const { store } = this.#manager
    const here = new Set(tops.map(({ owner, name }) => this.#useFile(owner, name)))
    const supplied = await store.work(() => store.deliveries.below(this.#options.directory))
    for (const { file, owner, service, handle } of supplied) {
      if (here.has(file)) continue
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      await this.#manager.forget(file)
      rmSync(file, { force: true })
      // oxlint-disable-next-line no-await-in-loop -- as above
      await store.work(() => {
        const family = store.families.find({ owner, service, handle })
        if (family) store.families.remove(family.id)
      })
    }
  }

  #sweepMarked(): void {
    for (const { owner, since } of this.#files.marks()) {
      // A mark from far ahead was made by a clock that has been set back since.
      if (Math.abs(this.#clock() - since) <= (this.#options.sweepDelay ?? 3600)) continue
      this.#files.sweep(owner)
      this.#tell({ type: 'swept', owner })
    }
  }

  #useFile(owner: string, name: string): string {
    return join(this.#options.directory, owner, `${name}.use`)
  }

  #write(name: string, content: string, mode: number): void {
    const options = { what: 'the token file', mode, ...this.#trusted() }
    writePrivateFile(join(this.#options.directory, name), content, options)
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

/** The name is a user's word: it must not find what every object has. */
function providerOf({ providers = {} }: CredmonOptions, service: string): CredmonProvider | undefined {
  return Object.hasOwn(providers, service) ? providers[service] : undefined
}

/** Under which name is kept what was imported from a `.top`. */
function noteOf({ owner, name }: TopFile): string {
  return `credmon\0${owner}\0${name}`
}

/** The web login got no refresh token and wrote the one access token into `.use` itself: there is nothing to do. HTCondor, OAuth credmon. */
function isWithoutRenewal({ content, meta }: TopFile): boolean {
  return meta['use_refresh_token'] === false && typeof content['refresh_token'] !== 'string'
}

function reasonOf(error: unknown): string {
  if (error instanceof SciTokenError) return error.message
  return (error as NodeJS.ErrnoException).code ?? 'unexpected failure'
}
