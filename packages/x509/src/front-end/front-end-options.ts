import { ConfigError } from '@scitokens/core'
import { flag, type OptionReaders, text } from '@scitokens/core/internal'

/**
 * A server before this one that ends TLS and tells in headers what it saw. It is believed over a Unix socket or by a secret, at
 * least one of which is needed and every one given must hold; and it must remove these headers from what the world sends.
 */
export interface FrontEndOptions {
  /** Believe it over a Unix socket of this server, and only there. Default: false. */
  readonly unixSocket?: boolean
  /** Believe it by this secret, which it sends in `secretHeader`; at least 32 characters. */
  readonly secret?: string
  /** The header that has the secret. Default: `x-front-end-secret`. */
  readonly secretHeader?: string
  /** The client's certificate, to be judged here: nginx's `$ssl_client_escaped_cert`, Apache's `SSL_CLIENT_CERT`, RFC 9440. */
  readonly certificateHeader?: string
  /** The rest of the chain: one header, or several numbered from `NAME-0` on (Apache's `SSL_CLIENT_CERT_CHAIN_n`). */
  readonly chainHeader?: string
  /** Headers numbered from `PREFIX0` on with what the front end has judged: gridsite's `dn:…` and `fqan:…`. */
  readonly credentialPrefix?: string
  /** The distinguished name that the front end has judged. */
  readonly dnHeader?: string
  /** The user name that goes with `dnHeader`. */
  readonly usernameHeader?: string
  /** Groups that go with `dnHeader`, separated by commas or semicolons. */
  readonly fqansHeader?: string
}

const MIN_SECRET_LENGTH = 32

/** The name of a header in the spelling that Node has it in; others would never be found. */
function headerName(value: unknown, name: string): string {
  const header = text(value, name)
  if (/^[a-z0-9-]+$/.test(header)) return header
  throw new ConfigError('config_error', `${name}: ${JSON.stringify(header)} is not a header in lower case`)
}

/** Readers of {@link FrontEndOptions}. */
export const FRONT_END_READERS: OptionReaders<FrontEndOptions> = {
  unixSocket: flag,
  secret: text,
  secretHeader: headerName,
  certificateHeader: headerName,
  chainHeader: headerName,
  credentialPrefix: headerName,
  dnHeader: headerName,
  usernameHeader: headerName,
  fqansHeader: headerName,
}

/** Whether the options of a front end go together. Throws `config_error` that begins with `frontEnd`. */
export function checkFrontEnd(options: FrontEndOptions): void {
  const { unixSocket = false, secret, certificateHeader, credentialPrefix, dnHeader } = options
  if (!unixSocket && secret === undefined) {
    throw new ConfigError(
      'config_error',
      'frontEnd: a front end is believed over a unixSocket, by a secret, or both: name one',
    )
  }
  if (secret !== undefined && secret.length < MIN_SECRET_LENGTH) {
    throw new ConfigError('config_error', `frontEnd.secret: must have ${MIN_SECRET_LENGTH} characters or more`)
  }
  if ([certificateHeader, credentialPrefix, dnHeader].filter((name) => name !== undefined).length !== 1) {
    throw new ConfigError('config_error', 'frontEnd: name one of certificateHeader, credentialPrefix and dnHeader')
  }
}
