/** The certificate of a person, robot or host that a client showed, for whoever investigates later. */
export interface ShownCertificate {
  /** `/DC=org/DC=example/CN=Ana`. */
  readonly dn: string
  readonly issuer: string
  /** Hexadecimal, lower case. */
  readonly serial: string
  /** Fingerprint: hexadecimal, lower case. */
  readonly sha256: string
  /** Whether an authority of this site vouches for it. Without that it may have been made by anybody, under any name. */
  readonly verified: boolean
}
