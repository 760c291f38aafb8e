import { createHash } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { type Algorithm, type Clock, ConfigError, type Jwk, KeySet, type Signer, SigningKey } from '@scitokens/core'
import {
  type KeyProvider,
  KeyRing,
  type KeyScheduleOptions,
  type ProvidedKey,
  type PublishedKeys,
  SqliteEngine,
  SqlStore,
} from '@scitokens/issuer/internal'

/** Algorithms of the demonstration; a key of each is published. */
export type DemoAlgorithm = 'RS256' | 'ES256'

/** Where a demonstration's keys come from. They are its own: never those of an issuer in earnest. */
export type DemoKeyOptions =
  /** A JWKS with private keys, one RS256 and one ES256; made with mode 0600 where there is none. They stay until it is replaced. */
  | { readonly file: string }
  /** Made in memory and rotated by this schedule. */
  | { readonly rotation: KeyScheduleOptions }

/** Seconds that a refresh token of the demonstration lives. */
export const REFRESH_LIFETIME: number = 31 * 86_400

const ALGORITHMS: readonly DemoAlgorithm[] = ['ES256', 'RS256']
const KIDS: Readonly<Record<DemoAlgorithm, string>> = { RS256: 'key-rs256', ES256: 'key-es256' }

/** The two keys of a demonstration. */
export interface DemoKeys {
  signer(alg: DemoAlgorithm): Signer
  published(): Promise<PublishedKeys>
  /** Makes and forgets keys as the clock demands. */
  refresh(): Promise<void>
  close(): Promise<void>
}

/** Opens the keys. Throws `config_error` for a file that cannot be used. */
export async function openDemoKeys(options: DemoKeyOptions, clock: Clock): Promise<DemoKeys> {
  return 'file' in options ? fixedKeys(await readKeyFile(options.file)) : rotatedKeys(options.rotation, clock)
}

async function rotatedKeys(rotation: KeyScheduleOptions, clock: Clock): Promise<DemoKeys> {
  const { publishAheadSeconds = 172_800, signingSeconds = 15_552_000, retainSeconds = 0 } = rotation
  if (!(signingSeconds > publishAheadSeconds && publishAheadSeconds > 0)) {
    throw new ConfigError(
      'config_error',
      'keys.rotation.signingSeconds: must be more than publishAheadSeconds, which is more than 0',
    )
  }
  const store = await SqlStore.open(await SqliteEngine.open({ file: ':memory:' }), clock)
  const ring = await KeyRing.open({
    realm: 'demo',
    store,
    provider: new NamedKeys(clock),
    algorithms: ALGORITHMS,
    // For as long as something that it signed may be alive.
    schedule: { publishAheadSeconds, signingSeconds, retainSeconds: Math.max(retainSeconds, REFRESH_LIFETIME) },
    clock,
  })
  return {
    signer: (alg) => ring.signer(alg),
    published: () => ring.published(),
    refresh: () => ring.refresh(),
    close: () => store.close(),
  }
}

/** Keys in memory. The first of each algorithm has the name that the world knows, those after it the time besides. */
class NamedKeys implements KeyProvider {
  readonly #clock: Clock
  readonly #keys = new Map<string, SigningKey>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  async create(alg: Algorithm): Promise<ProvidedKey> {
    const name = KIDS[alg as DemoAlgorithm]
    const time = new Date(this.#clock() * 1000).toISOString().replaceAll(/[-:]|\..*/g, '')
    const kid = this.#keys.has(name) ? `${name}-${time}` : name
    const key = await SigningKey.generate(alg, { kid })
    this.#keys.set(kid, key)
    return { kid, publicJwk: key.publicJwk, reference: kid }
  }

  async open({ reference }: ProvidedKey): Promise<Signer> {
    return this.#keys.get(reference)!
  }

  async destroy({ reference }: ProvidedKey): Promise<void> {
    // The name itself is not used again: verifiers may still have the old key under it.
    if (reference !== KIDS.ES256 && reference !== KIDS.RS256) this.#keys.delete(reference)
  }
}

async function fixedKeys(keys: Readonly<Record<DemoAlgorithm, SigningKey>>): Promise<DemoKeys> {
  const jwks = { keys: ALGORITHMS.map((alg) => keys[alg].publicJwk) }
  const body = JSON.stringify(jwks)
  const etag = `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`
  const published: PublishedKeys = { body, etag, keySet: await KeySet.fromJwks(jwks) }
  return {
    signer: (alg) => keys[alg],
    published: async () => published,
    refresh: async () => {},
    close: async () => {},
  }
}

async function readKeyFile(file: string): Promise<Record<DemoAlgorithm, SigningKey>> {
  const text = (await readIfThere(file)) ?? (await makeKeyFile(file))
  let entries: unknown
  try {
    entries = (JSON.parse(text) as { keys?: unknown } | null)?.keys
  } catch {
    // The parser quotes what it reads: keys.
    throw new ConfigError('config_error', `keys.file: ${file} is not JSON`)
  }
  const find = async (alg: DemoAlgorithm): Promise<SigningKey> => {
    const jwk = Array.isArray(entries) ? (entries as Jwk[]).find((entry) => entry?.alg === alg) : undefined
    if (!jwk) throw new ConfigError('config_error', `keys.file: ${file} has no private key with alg ${alg}`)
    return SigningKey.fromJwk(jwk, { alg })
  }
  return { ES256: await find('ES256'), RS256: await find('RS256') }
}

async function readIfThere(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8')
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    if (code === 'ENOENT') return undefined
    throw new ConfigError('config_error', `keys.file: ${file} cannot be read (${code})`)
  }
}

async function makeKeyFile(file: string): Promise<string> {
  const made = await Promise.all(ALGORITHMS.map((alg) => SigningKey.generate(alg, { kid: KIDS[alg] })))
  const text = `${JSON.stringify({ keys: made.map((key) => key.exportJwk()) }, null, 2)}\n`
  try {
    await writeFile(file, text, { mode: 0o600, flag: 'wx' })
    return text
  } catch (cause) {
    throw new ConfigError(
      'config_error',
      `keys.file: ${file} cannot be written (${(cause as NodeJS.ErrnoException).code})`,
    )
  }
}
