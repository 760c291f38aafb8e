import type { Fqan } from '@scitokens/core/internal'

/** The certificate of a person, robot or host that a client showed, for whoever investigates later. */
export interface ShownCertificate {
  /** The distinguished name in one line: `/DC=org/DC=example/CN=Ana`. */
  readonly dn: string
  /** The distinguished name of the authority that issued it, or is said to have. */
  readonly issuer: string
  /** The serial number: hexadecimal, lower case. */
  readonly serial: string
  /** The fingerprint, SHA-256: hexadecimal, lower case. */
  readonly sha256: string
  /** Whether an authority of this site vouches for it. Without that it may have been made by anybody, under any name. */
  readonly verified: boolean
}

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
