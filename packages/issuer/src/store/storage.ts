import { type Clock, ConfigError } from '@scitokens/core'
import { type OptionReaders, readOptions } from '@scitokens/core/internal'
import type { Store } from './store.ts'

/** Where the key that protects a storage lies unless the options say: in this file, in memory only, or nowhere: it has to be named. */
export type MasterKeyPlace = { readonly file: string } | 'memory' | 'named'

/** A storage that options chose, checked. */
export interface ChosenStorage {
  readonly masterKey: MasterKeyPlace
  /** Throws `config_error` where it cannot be used at all, `undecided` where it does not answer. */
  open(clock: Clock): Promise<Store>
}

/** A way to keep things: what its options are, and how it is opened. */
export interface StorageDefinition<Options extends object> {
  /** The option that chooses it, such as `file`. */
  readonly chosenBy: keyof Options & string
  /** A reader for each of its options. */
  readonly readers: OptionReaders<Options>
  /** Its options that are secrets: a configuration file says where they stand, and never what they are. */
  readonly secrets: readonly (keyof Options & string)[]
  readonly masterKey: (options: Options) => MasterKeyPlace
  readonly open: (options: Options, clock: Clock) => Promise<Store>
}

/** A {@link StorageDefinition}, whatever its options are. */
export interface StorageEngine {
  /** The option that chooses it, such as `file`. */
  readonly chosenBy: string
  /** The names of its options. */
  readonly options: readonly string[]
  /** Those that are secrets. */
  readonly secrets: readonly string[]
  /** Checks its options. Throws `config_error`, also for an option of another storage. */
  choose(options: unknown): ChosenStorage
}

/** Makes a storage of its definition. */
export function storageEngine<Options extends object>(definition: StorageDefinition<Options>): StorageEngine {
  return {
    chosenBy: definition.chosenBy,
    options: Object.keys(definition.readers),
    secrets: definition.secrets,
    choose: (options) => {
      const read = readOptions(options, definition.readers, 'storage')
      return { masterKey: definition.masterKey(read), open: (clock) => definition.open(read, clock) }
    },
  }
}

/** Checks the options of a storage. Throws `config_error` where they choose none. */
export function chooseStorage(engines: readonly StorageEngine[], options: unknown): ChosenStorage {
  const given = typeof options === 'object' && options !== null ? options : {}
  const engine = engines.find(({ chosenBy }) => Reflect.get(given, chosenBy) !== undefined)
  if (engine) return engine.choose(options)
  throw new ConfigError('config_error', `storage: must be one of ${engines.map(({ chosenBy }) => chosenBy).join(', ')}`)
}
