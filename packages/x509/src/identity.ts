import type { Fqan } from '@scitokens/core/internal'
import type { ShownCertificate } from './shown-certificate.ts'

/** Whom a certificate, or a front end, says that a client is. */
export interface Credentials {
  /** The distinguished name in one line: `/DC=org/DC=example/CN=Ana`. */
  readonly dn: string
  /** A user name, where a front end tells one. */
  readonly username: string | undefined
  /** Groups of a VO and roles in them, as VOMS or a front end vouches for them. */
  readonly fqans: readonly Fqan[]
}

/** Whom a certificate stands for. */
export interface Identity extends Credentials {
  /** It is a limited proxy. */
  readonly limited: boolean
  /** The first second after which something of it is not valid any more, since the epoch; `Infinity`: not known. */
  readonly notAfter: number
  /** Of the person, robot or host, proxy or not; undefined: somebody else has judged it. */
  readonly certificate: ShownCertificate | undefined
}
