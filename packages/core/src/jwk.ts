/** Members of a JSON Web Key that this project reads or writes. RFC 7517 section 4, RFC 7518 section 6, RFC 8037. */
export interface Jwk {
  kty?: string
  kid?: string
  alg?: string
  use?: string
  key_ops?: string[]
  crv?: string
  x?: string
  y?: string
  n?: string
  e?: string
  d?: string
  p?: string
  q?: string
  dp?: string
  dq?: string
  qi?: string
}

/** A JWK Set document. RFC 7517 section 5. */
export interface Jwks {
  keys: Jwk[]
}
