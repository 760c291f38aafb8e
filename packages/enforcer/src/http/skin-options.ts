import { ConfigError } from '@scitokens/core'
import {
  anything,
  flag,
  having,
  listOf,
  type OptionReaders,
  readOptions,
  recordOf,
  text,
} from '@scitokens/core/internal'
import type { Enforcer } from '../enforcer.ts'
import { ENFORCER_READERS } from '../option-readers.ts'
import type { AppGuardOptions } from './app-guard.ts'
import { GUARD_READERS } from './guard.ts'

const { rejectDotSegments: _ofEnforcer, ...OF_ENFORCER } = ENFORCER_READERS
const { enforcer: _enforcer, resourceMetadata: _metadata, rejectDotSegments: _ofGuard, ...OF_GUARD } = GUARD_READERS

const APP_GUARD_READERS: OptionReaders<AppGuardOptions> = {
  ...OF_ENFORCER,
  ...OF_GUARD,
  enforcer: having<Enforcer>('validateSoon', 'an Enforcer'),
  resource: text,
  scopesSupported: listOf(text, { empty: true }),
}

/** Options that every skin has: those of the app's guard, and these. */
export interface SkinOptions<KeyCacheOptions extends object = object> extends AppGuardOptions {
  /** For the key cache that is made where neither `keys` nor `enforcer` is given. */
  readonly keyCache?: KeyCacheOptions
  /** Answer refusals here. Default: false. */
  readonly handleErrors?: boolean
}

/** The names of one skin only. */
export type OwnOptions<O extends SkinOptions> = Omit<O, keyof SkinOptions>

/**
 * Reads the options of a skin. Throws `config_error` for what does not exist or cannot be meant, and for what would do nothing.
 *
 * @param own - readers of what only this skin has.
 */
export function readSkinOptions<O extends SkinOptions>(options: O, own: OptionReaders<OwnOptions<O>>): O {
  const readers = { ...APP_GUARD_READERS, keyCache: readKeyCache, handleErrors: flag, ...own }
  const read = readOptions<SkinOptions>(options, readers)
  if (read.keyCache !== undefined && (read.keys ?? read.enforcer) !== undefined)
    throw useless('keyCache', 'keys or enforcer')
  return read as O
}

/** Reads the options of an app's guard. Throws as {@link readSkinOptions}. */
export function readAppGuardOptions(options: AppGuardOptions): AppGuardOptions {
  const read = readOptions<AppGuardOptions>(options, APP_GUARD_READERS)
  // Whoever names a deny list beside an enforcer of his own would believe in it. `issuers` are for the metadata then.
  const unread = Object.keys(OF_ENFORCER).filter((name) => name !== 'issuers')
  const ignored = read.enforcer && unread.find((name) => Object.hasOwn(read, name))
  if (ignored !== undefined) throw useless(ignored, 'enforcer')
  if (read.scopesSupported && read.resource === undefined) {
    throw new ConfigError('the option scopesSupported does nothing without resource: it is told in its metadata')
  }
  return read
}

/** The key cache reads its own options when it is made. */
function readKeyCache(value: unknown, name: string): object {
  const read = recordOf(anything)(value, name)
  if (Object.hasOwn(read, 'issuers'))
    throw new ConfigError(`the option ${name}.issuers does nothing: they are those of the guard`)
  return read
}

function useless(option: string, beside: string): ConfigError {
  return new ConfigError(`the option ${option} does nothing where ${beside} is given`)
}
