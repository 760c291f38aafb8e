import type { IncomingMessage } from 'node:http'

/** A request that may show a certificate. Nothing of it is judged yet. */
export interface ShownRequest {
  /** As Node's server has it: its connection, and its headers for those who believe a front end. */
  readonly request: IncomingMessage
  /** Whether its server listens on a Unix socket: then it came from this machine. */
  readonly overUnixSocket: boolean
}

/** The certificate of a person, robot or host that a client showed, for whoever investigates later. */
export interface ShownCertificate {
  /** Its subject in one line, such as `/DC=org/DC=example/CN=Ana`. */
  readonly dn: string
  /** The name of the authority that issued it, or is said to have, likewise. */
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
  /** Groups of a VO and roles in them. */
  readonly fqans: readonly { readonly group: string; readonly role: string | undefined }[]
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

/** Says who has a certificate. `openVerifier` of `@scitokens/x509` makes one for certificates of the grid. */
export interface IdentityVerifier {
  /**
   * Whom the certificate of a request stands for; undefined: it shows none. Throws a `TokenNotAcceptableError` where the certificate is not
   * acceptable and an `UndecidedError` where that cannot be found out. Such an error may say why (`defect`, `doubt`) and of which
   * {@link ShownCertificate} (`about`): both go to the audit.
   *
   * @param now - seconds since the epoch.
   */
  identify(shown: ShownRequest, now: number): Promise<Identity | undefined>
  /**
   * What tells one who shows a certificate from another before anything is judged, so that each can be counted by himself; undefined:
   * nothing is shown.
   */
  shownBy(shown: ShownRequest): string | undefined
}
