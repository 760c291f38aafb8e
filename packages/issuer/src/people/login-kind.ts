import type { OptionReaders } from '@scitokens/core/internal'
import type { Upstream } from './upstream.ts'

/** What a login kind is told beside its options. */
export interface LoginSurroundings {
  /** What messages call its options, such as `login.header`. */
  readonly at: string
  /** The issuer accepts `http://` on a loopback host. */
  readonly dangerouslyAllowLoopbackHttp: boolean
}

/** A way for people to log in, as a configuration chooses it. */
export interface LoginDefinition<Options extends object> {
  /** The key of the configuration that chooses it, with its options as the value: `header`. */
  readonly chosenBy: string
  /** A reader for each of its options. */
  readonly readers: OptionReaders<Options>
  /** Its options that are secrets: a configuration file says where they stand, and never what they are. */
  readonly secrets: readonly (keyof Options & string)[]
  readonly open: (options: Options, surroundings: LoginSurroundings) => Upstream
}

/** A {@link LoginDefinition}, whatever its options are. */
export interface LoginKind {
  /** The key of the configuration that chooses it, such as `header`. */
  readonly chosenBy: string
  /** The names of its options. */
  readonly options: readonly string[]
  /** Those that are secrets. */
  readonly secrets: readonly string[]
  /** Makes the login. Throws `config_error` naming the option at fault. */
  open(options: object, surroundings: LoginSurroundings): Upstream
}

/** Makes a login kind of its definition. Its class reads the options, strictly. */
export function loginKind<Options extends object>(definition: LoginDefinition<Options>): LoginKind {
  const { chosenBy, readers, secrets, open } = definition
  return {
    chosenBy,
    options: Object.keys(readers),
    secrets,
    open: (options, surroundings) => open(options as Options, surroundings),
  }
}
