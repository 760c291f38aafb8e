import { ConfigError } from '@scitokens/core'
import { having, listOf, type OptionReaders, readOptions, text } from '@scitokens/core/internal'
import type { Enforcer } from '../../enforcement/enforcer.ts'
import { ENFORCER_READERS, type EnforcerOptions } from '../../enforcement/enforcer-options.ts'
import { GUARD_READERS, type GuardOptions } from '../guard/guard-options.ts'

/** What an app says to be guarded: options of the enforcer, of the guard and of the metadata, in one object. */
export interface AppGuardOptions
  extends Partial<Omit<EnforcerOptions, 'rejectDotSegments'>>,
    Omit<GuardOptions, 'enforcer' | 'resourceMetadata' | 'rejectDotSegments'> {
  /** One that exists already; the options of an enforcer are then its own. */
  readonly enforcer?: Enforcer
  /**
   * The public URL of this server, for RFC 9728 metadata and for challenges that point to it. Default: no metadata. Never taken
   * from a request's `Host`.
   */
  readonly resource?: string
  /** Told in the metadata. Default: not told. */
  readonly scopesSupported?: readonly string[]
}

const { rejectDotSegments: _ofEnforcer, ...OF_ENFORCER } = ENFORCER_READERS
const { enforcer: _enforcer, resourceMetadata: _metadata, rejectDotSegments: _ofGuard, ...OF_GUARD } = GUARD_READERS

/** How the options of {@link AppGuardOptions} are read. */
export const APP_GUARD_READERS: OptionReaders<AppGuardOptions> = {
  ...OF_ENFORCER,
  ...OF_GUARD,
  enforcer: having<Enforcer>('validateSoon', 'an Enforcer'),
  resource: text,
  scopesSupported: listOf(text, { empty: true }),
}

/** Reads the options of an app's guard. Throws `config_error` for what does not exist or cannot be meant, and for what would do nothing. */
export function readAppGuardOptions(options: AppGuardOptions): AppGuardOptions {
  const read = readOptions<AppGuardOptions>(options, APP_GUARD_READERS)
  // Whoever names a deny list beside an enforcer of his own would believe in it. `issuers` are for the metadata then.
  const unread = Object.keys(OF_ENFORCER).filter((name) => name !== 'issuers')
  const ignored = read.enforcer && unread.find((name) => Object.hasOwn(read, name))
  if (ignored !== undefined) throw useless(ignored, 'enforcer')
  if (read.scopesSupported && read.resource === undefined) {
    throw new ConfigError(
      'config_error',
      'the option scopesSupported does nothing without resource: it is told in its metadata',
    )
  }
  return read
}

/** The error for an option that would do nothing beside another one. */
export function useless(option: string, beside: string): ConfigError {
  return new ConfigError('config_error', `the option ${option} does nothing where ${beside} is given`)
}
