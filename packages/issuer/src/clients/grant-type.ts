/** Every grant that there is, by its `grant_type`. Each has a file in `grants/`, which says all else about it. */
export const GRANT_TYPES = [
  'client_credentials',
  'authorization_code',
  'refresh_token',
  'urn:ietf:params:oauth:grant-type:device_code',
  'urn:ietf:params:oauth:grant-type:token-exchange',
  'urn:ietf:params:oauth:grant-type:jwt-bearer',
] as const

/** Grants by their `grant_type`. */
export type GrantType = (typeof GRANT_TYPES)[number]

/** What a grant says of itself to whoever gives it to clients and shows it to people. */
export interface GrantFacts {
  readonly grantType: GrantType
  /** What errors call it and clients of the field may write, such as `device_code`. */
  readonly shortName: string
  /**
   * How an access that goes on by a refresh token came about, in words for the person who has it; undefined: no such access begins
   * with this grant.
   */
  readonly label: string | undefined
  /**
   * Which clients have it unless they name their grants: those with which people log in, those that act for themselves, or none. A
   * client that registers itself gets grants of the first kind only, as a person consents to what they give.
   */
  readonly givenTo: 'people' | 'robots' | 'nobody'
  /** What has to be there for it. */
  readonly needs: {
    /** A way for people to log in: without it the issuer does not have this grant. */
    readonly login: boolean
    /** A client with credentials. */
    readonly credentials: boolean
    /** A redirect URI of the client. */
    readonly redirectUri: boolean
  }
}
