import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Clock } from '@scitokens/core'
import { callable, flag, having, nested, type OptionReaders, text } from '@scitokens/core/internal'
import { CppStore } from './cpp-store.ts'
import type { KeyCacheEvent } from '../record/events.ts'
import { CACHE_FILE, defaultCacheDirectory } from './location.ts'
import { MemoryStore } from './memory-store.ts'
import { type DurableStore, SafeStore } from './safe-store.ts'
import { SeededStore } from './seeded-store.ts'
import { SqliteStore } from './sqlite-store.ts'
import type { KeyStore, OpenStore } from '../record/store.ts'

/** Options that say where keys are kept. */
export interface StoreOptions {
  /** `memory`, or a store of your own, which is closed with the cache. Default: a file shared by the user's processes, see `cacheDir`. */
  readonly store?: 'memory' | KeyStore
  /** Directory of the cache file. Default: `.cache/scitokens` in the user's home directory. */
  readonly cacheDir?: string
  /**
   * The cache file of scitokens-cpp (`scitokens_cpp.sqllite`): its keys are used where this library has none; with `write`, what this
   * library learns is written there too, so that XRootD and HTCondor find it. Default: none.
   */
  readonly cppCache?: { readonly file: string; readonly write?: boolean }
  /**
   * Called once per file that cannot be used (keys are then kept in memory), and for what was set aside since others could have written it.
   * Default: `process.emitWarning`.
   */
  readonly warn?: (message: string) => void
}

type CppCacheOptions = NonNullable<StoreOptions['cppCache']>

const CPP_CACHE_READERS: OptionReaders<CppCacheOptions> = { file: text, write: flag }

/** How the options of {@link StoreOptions} are read. */
export const STORE_READERS: OptionReaders<StoreOptions> = {
  store: (value, name) => (value === 'memory' ? value : having<KeyStore>('lease', '"memory", or a store')(value, name)),
  cacheDir: text,
  cppCache: (value, name) => {
    const read = nested(CPP_CACHE_READERS)(value, name)
    // Without it there would be no second cache, and nobody would notice.
    return { ...read, file: text(read.file, `${name}.file`) }
  },
  warn: callable<NonNullable<StoreOptions['warn']>>(),
}

/** The store that the options name. A file is opened when it is first needed. */
export function storeFrom(
  options: StoreOptions,
  settings: { readonly clock: Clock; readonly emit: (event: KeyCacheEvent) => void },
): OpenStore {
  const safe = (location: string, open: () => DurableStore | undefined, reopens = true): SafeStore =>
    new SafeStore({
      location,
      open,
      reopens,
      clock: settings.clock,
      onHealth: warnOnce(location, options, settings.emit),
    })
  const own = ownStore(options, safe)
  const { cppCache } = options
  if (cppCache === undefined) return own
  const { file, write = false } = cppCache
  const warn = warnerOf(options)
  const openCpp = (): CppStore | undefined =>
    write || existsSync(file) ? CppStore.open(file, { readOnly: !write, warn }) : undefined
  return new SeededStore(own, safe(file, openCpp), { write, clock: settings.clock })
}

function ownStore(
  options: StoreOptions,
  safe: (location: string, open: () => DurableStore, reopens?: boolean) => SafeStore,
): SafeStore {
  const { store, cacheDir } = options
  if (store === undefined) {
    const find = (): string => join(cacheDir ?? defaultCacheDirectory(), CACHE_FILE)
    return safe(nameOf(find), () => SqliteStore.open(find(), { warn: warnerOf(options) }))
  }
  const given = store === 'memory' ? new MemoryStore() : store
  return safe(given.location, () => given, false)
}

/** In a container, a user may have no home directory: no reason to fail before a key was asked for. */
function nameOf(find: () => string): string {
  try {
    return find()
  } catch {
    return CACHE_FILE
  }
}

function warnerOf({ warn }: StoreOptions): (message: string) => void {
  return warn ?? ((message) => process.emitWarning(message, 'SciTokensWarning'))
}

function warnOnce(
  location: string,
  options: StoreOptions,
  emit: (event: KeyCacheEvent) => void,
): (problem: string | undefined) => void {
  const warn = warnerOf(options)
  let warned = false
  return (problem) => {
    emit({ type: 'store', location, problem })
    if (problem === undefined || warned) return
    warned = true
    warn(`keys are kept in memory, since the key cache ${location} cannot be fully used: ${problem}`)
  }
}
