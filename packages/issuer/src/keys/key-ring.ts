import { createHash } from 'node:crypto'
import { type Algorithm, type Clock, ConfigError, type Jwk, KeySet, type Signer, UndecidedError } from '@scitokens/core'
import { sleep } from '@scitokens/core/internal'
import { randomToken } from '../secrets/secrets.ts'
import type { Entry, EntryKey, Store } from '../store/store.ts'
import type { KeyProvider } from './key-provider.ts'
import { openKey } from './open-key.ts'
import { type KeyPlan, type KeyRecord, type KeySchedule, planKeys } from './key-schedule.ts'

/** Options of {@link KeyRing.open}. */
export interface KeyRingOptions {
  readonly realm: string
  readonly store: Store
  readonly provider: KeyProvider
  readonly algorithms: readonly Algorithm[]
  readonly schedule: KeySchedule
  readonly clock: Clock
}

/** A key as operators see it. Times in seconds since the epoch. */
export interface KeyStatus {
  /** Its name in tokens and in the JWKS. */
  readonly kid: string
  /** The algorithm it signs with. */
  readonly alg: Algorithm
  /** `next`: published, does not sign yet; `active`: signs; `retired`: published, signs no more; `withdrawn`: gone. */
  readonly state: 'next' | 'active' | 'retired' | 'withdrawn'
  /** When it was made. */
  readonly createdAt: number
  /** From when on it signs, unless a newer one does. */
  readonly signFrom: number
  /** Of the key that signs now: when its successor shall sign. Seconds since the epoch. */
  readonly signUntil?: number
}

/** The published keys, ready to be sent. */
export interface PublishedKeys {
  /** The JWKS document as it is sent. */
  readonly body: string
  /** Its `ETag`. */
  readonly etag: string
  /** For checking the issuer's own tokens. */
  readonly keySet: KeySet
}

const LEASE_SECONDS = 30
const POLL_MS = 50

/**
 * The signing keys of one issuer. Tokens are signed and the JWKS is answered from memory; the store is read by
 * {@link refresh}, and written only by whoever holds the lease.
 */
export class KeyRing {
  readonly #options: KeyRingOptions
  readonly #holder = randomToken(9)
  readonly #signers = new Map<string, Signer>()
  #records: readonly KeyRecord[] = []
  #published: PublishedKeys | undefined
  #publishedFor = ''

  private constructor(options: KeyRingOptions) {
    this.#options = options
  }

  /** Opens the ring; makes the first keys where there are none. */
  static async open(options: KeyRingOptions): Promise<KeyRing> {
    const ring = new KeyRing(options)
    await ring.refresh()
    return ring
  }

  /** The key that signs now. Never waits for the database. */
  signer(alg: Algorithm): Signer {
    const { active } = this.#plan(alg)
    const signer = active && this.#signers.get(active.kid)
    if (!signer)
      throw new UndecidedError('undecided', `there is no ${alg} key that may sign now`, { reason: 'unavailable' })
    return signer
  }

  /** The JWKS. Never waits for the database. */
  async published(): Promise<PublishedKeys> {
    const keys = this.#options.algorithms.flatMap((alg) => this.#plan(alg).published)
    const version = keys.map((key) => key.kid).join(' ')
    if (!this.#published || this.#publishedFor !== version) {
      const jwks: Jwk[] = keys.map(({ kid, alg, publicJwk }) => ({ ...publicJwk, kid, alg, use: 'sig' }))
      const body = JSON.stringify({ keys: jwks })
      const etag = `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`
      this.#published = { body, etag, keySet: await KeySet.fromJwks({ keys: jwks }) }
      this.#publishedFor = version
    }
    return this.#published
  }

  /** The keys, for `key list` and monitoring. */
  status(): readonly KeyStatus[] {
    return this.#options.algorithms.flatMap((alg) => {
      const { active } = this.#plan(alg)
      const now = this.#options.clock()
      return this.#records
        .filter((key) => key.alg === alg)
        .map((key) => ({
          kid: key.kid,
          alg,
          state: stateOf(key, active, now),
          createdAt: key.createdAt,
          signFrom: key.signFrom,
          ...(key.kid === active?.kid && { signUntil: key.signFrom + this.#options.schedule.signingSeconds }),
        }))
    })
  }

  /** Reads the keys and does what the clock demands: makes the next one, forgets what is over. */
  async refresh(): Promise<void> {
    await this.#load()
    const work = this.#options.algorithms.map((alg) => this.#plan(alg))
    if (work.some((plan) => plan.createForSigningAt !== undefined || plan.forget.length > 0)) await this.#maintain()
    if (this.#options.algorithms.some((alg) => !this.#plan(alg).active)) await this.#waitForFirstKeys()
  }

  /**
   * Emergency: a new key of each algorithm signs at once, the keys before it are neither published nor used any more.
   * Every token they signed becomes invalid as verifiers refresh their caches.
   */
  async rotateNow(algorithms: readonly Algorithm[] = this.#options.algorithms): Promise<void> {
    await this.#command(async () => {
      for (const alg of algorithms) {
        const before = this.#records.filter((key) => key.alg === alg && !key.withdrawn)
        // oxlint-disable-next-line no-await-in-loop -- one algorithm after the other, in one lease
        await this.#create(alg, this.#options.clock())
        // oxlint-disable-next-line no-await-in-loop -- only when the new key is there
        for (const key of before) await this.#update(key, { ...key, withdrawn: true })
      }
    })
  }

  /** Makes and publishes the next key now; it signs after the time of publishing ahead. */
  async prepareNext(alg: Algorithm): Promise<void> {
    await this.#command(async () => {
      await this.#create(alg, this.#options.clock() + this.#options.schedule.publishAheadSeconds)
    })
  }

  /** The key before the active one signs again; the active one stays published, so that what it signed stays valid. */
  async rollback(alg: Algorithm): Promise<void> {
    await this.#command(async () => {
      const { active } = this.#plan(alg)
      const earlier = this.#records.filter(
        (key) => key.alg === alg && !key.setAside && !key.withdrawn && active && key.generation < active.generation,
      )
      if (!active || earlier.length === 0)
        throw new ConfigError('config_error', `there is no earlier ${alg} key to go back to`)
      await this.#update(active, { ...active, setAside: true })
    })
  }

  #plan(alg: Algorithm): KeyPlan {
    return planKeys(
      this.#records.filter((key) => key.alg === alg),
      this.#options.schedule,
      this.#options.clock(),
    )
  }

  async #load(): Promise<void> {
    const { store, realm, provider } = this.#options
    const entries = await store.list<KeyRecord>(realm, 'signing_key')
    const records = entries.map((entry) => entry.value)
    for (const key of records) {
      if (key.withdrawn || this.#signers.has(key.kid)) continue
      // oxlint-disable-next-line no-await-in-loop -- a handful, and only new ones
      this.#signers.set(key.kid, await openKey(key, provider))
    }
    // Set last, all at once: whoever signs in between uses the records before.
    this.#records = records
  }

  async #maintain(): Promise<void> {
    await this.#underLease(async () => {
      for (const alg of this.#options.algorithms) {
        const plan = this.#plan(alg)
        // oxlint-disable-next-line no-await-in-loop -- one algorithm after the other, in one lease
        if (plan.createForSigningAt !== undefined) await this.#create(alg, plan.createForSigningAt)
        // oxlint-disable-next-line no-await-in-loop -- as above
        for (const key of plan.forget) await this.#forget(key)
      }
    })
  }

  /** Runs an operator's command under the lease, after whoever holds it now. */
  async #command(work: () => Promise<void>): Promise<void> {
    const deadline = Date.now() + LEASE_SECONDS * 1000
    // oxlint-disable-next-line no-await-in-loop -- waiting for the lease is the point
    while (!(await this.#underLease(work))) {
      if (Date.now() > deadline)
        throw new UndecidedError('undecided', 'another instance is busy with the keys, try again')
      // oxlint-disable-next-line no-await-in-loop -- as above
      await sleep(POLL_MS)
    }
  }

  /** Runs work with fresh records, unless another instance is at it; then its result will be read at the next refresh. */
  async #underLease(work: () => Promise<void>): Promise<boolean> {
    const { store, realm } = this.#options
    const key = { realm, kind: 'lease', id: 'keys' } as const
    if (!(await this.#takeLease(key))) return false
    try {
      await this.#load()
      await work()
    } finally {
      const lease = await store.get<{ holder: string }>(key)
      // If it took so long that somebody else has it now, it is his.
      if (lease?.value.holder === this.#holder) await store.consume(key)
      await this.#load()
    }
    return true
  }

  async #takeLease(key: EntryKey): Promise<boolean> {
    const { store, clock } = this.#options
    const value = { holder: this.#holder }
    const expiresAt = clock() + LEASE_SECONDS
    if (await store.insertIfAbsent({ ...key, value, expiresAt })) return true
    const held = await store.get(key)
    // So long nobody holds it: its holder ended while the clock was wrong.
    if (held?.expiresAt === undefined || held.expiresAt <= expiresAt + LEASE_SECONDS) return false
    return store.commit([{ replace: held, value, expiresAt }])
  }

  async #create(alg: Algorithm, signFrom: number): Promise<void> {
    const { store, realm, provider, clock } = this.#options
    const generation = Math.max(0, ...this.#records.filter((key) => key.alg === alg).map((key) => key.generation)) + 1
    const made = await provider.create(alg)
    const record: KeyRecord = {
      ...made,
      alg,
      generation,
      createdAt: Math.floor(clock()),
      signFrom: Math.floor(signFrom),
    }
    // The generation is the name: even without the lease two instances cannot both make the next key.
    await store.insertIfAbsent({ realm, kind: 'signing_key', id: keyId(record), value: record })
  }

  async #update(from: KeyRecord, to: KeyRecord): Promise<void> {
    const { store, realm } = this.#options
    const entry = await store.get<KeyRecord>({ realm, kind: 'signing_key', id: keyId(from) })
    if (entry) await store.commit([{ replace: entry, value: to, expiresAt: undefined }])
  }

  async #forget(key: KeyRecord): Promise<void> {
    const { store, realm, provider } = this.#options
    const removed: Entry | undefined = await store.consume({ realm, kind: 'signing_key', id: keyId(key) })
    this.#signers.delete(key.kid)
    if (removed) await provider.destroy?.(key)
  }

  /** Another instance holds the lease on the very first keys: it needs a moment. */
  async #waitForFirstKeys(): Promise<void> {
    const deadline = Date.now() + LEASE_SECONDS * 1000
    while (this.#options.algorithms.some((alg) => !this.#plan(alg).active)) {
      if (Date.now() > deadline)
        throw new UndecidedError('undecided', 'another instance did not make the first keys in time')
      // oxlint-disable no-await-in-loop -- polling is the point
      await sleep(POLL_MS)
      await this.#load()
      if (this.#options.algorithms.some((alg) => this.#plan(alg).createForSigningAt !== undefined))
        await this.#maintain()
      // oxlint-enable no-await-in-loop
    }
  }
}

function keyId({ alg, generation }: KeyRecord): string {
  return `${alg}:${String(generation).padStart(8, '0')}`
}

function stateOf(key: KeyRecord, active: KeyRecord | undefined, now: number): KeyStatus['state'] {
  if (key.withdrawn) return 'withdrawn'
  if (key.kid === active?.kid) return 'active'
  return key.signFrom > now && !key.setAside ? 'next' : 'retired'
}
