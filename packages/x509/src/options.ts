import { ConfigError } from '@scitokens/core'
import {
  choice,
  flag,
  having,
  listOf,
  type Logger,
  nested,
  type OptionReaders,
  readOptions,
  text,
} from '@scitokens/core/internal'
import { checkFrontEnd, FRONT_END_READERS, type FrontEndOptions } from './front-end/front-end-options.ts'
import type { Strictness } from './path/verify-path.ts'

/** Options of `openVerifier`. */
export interface VerifierOptions {
  /** A hashed directory of authorities such as `/etc/grid-security/certificates`. Needed unless a front end judges certificates. */
  readonly authorities?: string
  /** A directory such as `/etc/grid-security/vomsdir`. Default: VOMS groups are not believed. */
  readonly vomsDirectory?: string
  /** Revocation lists (`a1b2c3d4.r0`). Default: `require`; an authority whose list is missing or has expired is undecided. */
  readonly revocation?: Strictness
  /** What an authority may name (`.namespaces`, `.signing_policy`). Default: `require`. */
  readonly namespaces?: Strictness
  /** Accept proxies from before RFC 3820. Default: false. */
  readonly legacyProxies?: boolean
  /**
   * Accept limited proxies, which jobs have. Default: true, and `limited` of the identity says so: start no jobs for it. False is refused
   * beside a front end that judges certificates itself: it does not tell which proxies are limited.
   */
  readonly limitedProxies?: boolean
  /** Names under which VOMS attributes may be meant for this server. Default: none; attributes for certain servers are refused. */
  readonly hosts?: readonly string[]
  /** A server before this one that ends TLS. Default: none; certificates are those of the connection. */
  readonly frontEnd?: FrontEndOptions
  /** Told of authorities that cannot be read. Default: nobody. */
  readonly logger?: Pick<Logger, 'error'>
}

const strictness = choice('require', 'if-present', 'ignore')

const READERS: OptionReaders<VerifierOptions> = {
  authorities: text,
  vomsDirectory: text,
  revocation: strictness,
  namespaces: strictness,
  legacyProxies: flag,
  limitedProxies: flag,
  hosts: listOf(text),
  frontEnd: nested(FRONT_END_READERS),
  logger: having('error', 'a logger'),
}

/** Options that nobody would follow where a front end judges. */
const JUDGING = ['vomsDirectory', 'revocation', 'namespaces', 'legacyProxies', 'hosts'] as const

/** Reads options strictly, and whether they go together. Throws `config_error` that begins with the option at fault. */
export function readVerifierOptions(given: unknown): VerifierOptions {
  const options = readOptions<VerifierOptions>(given, READERS)
  const { authorities, frontEnd, limitedProxies } = options
  if (frontEnd) checkFrontEnd(frontEnd)
  const judgedElsewhere = frontEnd !== undefined && frontEnd.certificateHeader === undefined
  // What such a front end tells does not say whether a proxy is limited: the refusal would be one in name only.
  if (judgedElsewhere && limitedProxies === false) {
    throw new ConfigError(
      'config_error',
      'limitedProxies: a front end that judges certificates itself does not tell limited ones',
    )
  }
  if (authorities !== undefined) return options
  if (!judgedElsewhere) {
    throw new ConfigError('config_error', 'authorities: the directory of trusted authorities is missing')
  }
  const idle = JUDGING.find((key) => options[key] !== undefined)
  if (idle === undefined) return options
  throw new ConfigError('config_error', `${idle}: is for certificates that are judged here: name authorities`)
}
