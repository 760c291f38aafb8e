import { ConfigError } from '@scitokens/core'
import { anything, flag, type OptionReaders, readOptions, recordOf } from '@scitokens/core/internal'
import { APP_GUARD_READERS, type AppGuardOptions, useless } from './app-guard-options.ts'

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

/** The key cache reads its own options when it is made. */
function readKeyCache(value: unknown, name: string): object {
  const read = recordOf(anything)(value, name)
  if (Object.hasOwn(read, 'issuers'))
    throw new ConfigError('config_error', `the option ${name}.issuers does nothing: they are those of the guard`)
  return read
}
