/** How a client says who it is. `secret` covers HTTP Basic and the body alike. */
export type ClientAuthMethod = 'secret' | 'private_key_jwt' | 'tls' | 'none'

/** What TLS does with client certificates: it asks for them, and authorities vouch for them too. RFC 8705 sections 2.2 and 2.1. */
export type ClientCertificateUse = 'asked' | 'verified'

/** What of a client's options can be checked. */
export interface AuthMaterial {
  readonly clientSecret?: unknown
  readonly jwks?: unknown
  readonly certificates?: unknown
}

/** What a method says of itself. How it is checked stands in `client-auth/`. */
export interface AuthMethodFacts {
  /** The option of a client that holds what it checks; undefined: it checks nothing. */
  readonly material: keyof AuthMaterial | undefined
  /** Its names in the metadata (RFC 8414 section 2), by what TLS does with certificates; undefined: it asks for none. */
  readonly names: (use: ClientCertificateUse | undefined) => readonly string[]
  /** The names by which a client that registers itself can choose it (RFC 7591 section 2). */
  readonly registeredAs: readonly string[]
}

/** Every method that there is. */
export const AUTH_METHODS: Readonly<Record<ClientAuthMethod, AuthMethodFacts>> = {
  secret: {
    material: 'clientSecret',
    names: () => ['client_secret_basic', 'client_secret_post'],
    registeredAs: ['client_secret_basic', 'client_secret_post'],
  },
  private_key_jwt: {
    material: 'jwks',
    names: () => ['private_key_jwt'],
    registeredAs: ['private_key_jwt'],
  },
  tls: {
    material: 'certificates',
    // RFC 8705 sections 2.1 and 2.2: by what an authority says, and by the certificate itself.
    names: (use) => [
      ...(use === 'verified' ? ['tls_client_auth'] : []),
      ...(use === undefined ? [] : ['self_signed_tls_client_auth']),
    ],
    registeredAs: [],
  },
  none: {
    material: undefined,
    names: () => ['none'],
    registeredAs: ['none'],
  },
}

/** The names of all methods. */
export const AUTH_METHOD_NAMES: readonly ClientAuthMethod[] = Object.keys(AUTH_METHODS) as ClientAuthMethod[]

/** The methods for which a client has something to be checked; `none` is never among them. */
export function methodsWithMaterial(options: AuthMaterial): readonly ClientAuthMethod[] {
  return AUTH_METHOD_NAMES.filter((method) => {
    const { material } = AUTH_METHODS[method]
    return material !== undefined && isThere(options[material])
  })
}

function isThere(material: unknown): boolean {
  return material !== undefined && !(Array.isArray(material) && material.length === 0)
}
