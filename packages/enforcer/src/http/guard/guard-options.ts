import { ConfigError, STORAGE_OPERATIONS } from '@scitokens/core'
import { choice, flag, having, type OptionReaders, quote, readOptions, recordOf, text } from '@scitokens/core/internal'
import type { Enforcer } from '../../enforcement/enforcer.ts'
import type { RefusalOptions } from '../answer/refusal.ts'
import { BEARER_READERS, type BearerOptions } from '../request/bearer.ts'
import type { MethodRule } from '../request/methods.ts'

/** Options of `createGuard`. */
export interface GuardOptions extends BearerOptions, RefusalOptions {
  /** Judges the tokens. */
  readonly enforcer: Enforcer
  /** Whether a request without credentials is refused. With bad ones it always is. Default: true. */
  readonly required?: boolean
  /** Rules for methods that go before the table. Default: none. */
  readonly methods?: Readonly<Record<string, MethodRule>>
  /** Refuse `..` in request paths. Default: true; a path that is resolved must also be *served* resolved. */
  readonly rejectDotSegments?: boolean
}

/** How the options of {@link GuardOptions} are read. */
export const GUARD_READERS: OptionReaders<GuardOptions> = {
  ...BEARER_READERS,
  enforcer: having<Enforcer>('validateSoon', 'an Enforcer'),
  required: flag,
  realm: text,
  resourceMetadata: text,
  methods: readMethods,
  rejectDotSegments: flag,
}

/** Reads the options of a guard. Throws `config_error`. */
export function readGuardOptions(options: GuardOptions): GuardOptions {
  const read = readOptions<GuardOptions>(options, GUARD_READERS)
  if (read.enforcer === undefined) throw new ConfigError('config_error', 'a guard needs an enforcer')
  return read
}

function readMethods(value: unknown, name: string): NonNullable<GuardOptions['methods']> {
  const word = choice('none', ...STORAGE_OPERATIONS)
  const rule = (each: unknown, at: string): MethodRule =>
    typeof each === 'function' ? (each as MethodRule) : word(each, at)
  const read = recordOf(rule)(value, name)
  // RFC 9110 section 9.1: the names of methods are case-sensitive, and no server has one in small letters.
  const strange = Object.keys(read).find((method) => !/^[A-Z][A-Z-]*$/.test(method))
  if (strange === undefined) return read
  throw new ConfigError(
    'config_error',
    `${quote(strange)} in the option ${name} is no method: write ${strange.toUpperCase()}`,
  )
}
