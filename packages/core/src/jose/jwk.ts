/** Members of a JSON Web Key that this project reads or writes. RFC 7517 section 4, RFC 7518 section 6, RFC 8037. */
export interface Jwk {
  /** Type: `RSA`, `EC` or `OKP`. */
  kty?: string
  /** Name of the key, within its set. */
  kid?: string
  /** The only algorithm that it may be used with. */
  alg?: string
  /** `sig` for a key that signs. */
  use?: string
  /** What it may be used for: `verify`, `sign`. */
  key_ops?: string[]
  /** Curve: `P-256`, `P-384`, `P-521` or `Ed25519`. */
  crv?: string
  /** First coordinate, or the public key of Ed25519. */
  x?: string
  /** Second coordinate of a point on a curve. */
  y?: string
  /** Modulus of RSA. */
  n?: string
  /** Public exponent of RSA. */
  e?: string
  /** Private: the exponent of RSA, or the private value of a curve. */
  d?: string
  /** Private: the first prime of RSA. */
  p?: string
  /** Private: the second prime of RSA. */
  q?: string
  /** Private: `d` modulo `p - 1`. */
  dp?: string
  /** Private: `d` modulo `q - 1`. */
  dq?: string
  /** Private: the inverse of `q` modulo `p`. */
  qi?: string
}

/** A JWK Set document. RFC 7517 section 5. */
export interface Jwks {
  /** All of them; what one is good for, it says itself. */
  keys: Jwk[]
}
