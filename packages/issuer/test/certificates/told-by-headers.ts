import type { IdentityVerifier } from '@scitokens/issuer'

const SECRET = 'a-secret-that-the-front-end-shares-with-us'

/** Whom a request is to be from. */
export interface Holder {
  readonly dn: string
  readonly username?: string
  readonly fqans?: readonly string[]
  readonly limited?: boolean
}

/** What a request of somebody brings for {@link toldByHeaders}. */
export function headersOf({ dn, username, fqans = [], limited = false }: Holder): Record<string, string> {
  return {
    'x-secret': SECRET,
    'x-dn': dn,
    'x-fqans': fqans.join(','),
    ...(username === undefined ? {} : { 'x-user': username }),
    ...(limited ? { 'x-limited': 'true' } : {}),
  }
}

/**
 * An identity verifier of one's own: a front end that shares a secret says in headers who came. Tests of what an issuer makes of an
 * identity are about no certificates; those are `@scitokens/x509`'s.
 */
export const toldByHeaders: IdentityVerifier = {
  identify: async ({ request: { headers } }) => {
    const {
      'x-secret': secret,
      'x-dn': dn,
      'x-user': username,
      'x-fqans': fqans = '',
    } = headers as Record<string, string>
    if (secret !== SECRET || dn === undefined) return undefined
    const groups = fqans.split(',').flatMap((text) => {
      const [, group, role] = /^(\/.*?)(?:\/Role=([^/]+))?(?:\/Capability=NULL)?$/.exec(text) ?? []
      return group === undefined ? [] : [{ group, role: role === 'NULL' ? undefined : role }]
    })
    const limited = headers['x-limited'] === 'true'
    return { dn, username, fqans: groups, limited, notAfter: Infinity, certificate: undefined }
  },
  shownBy: ({ request }) => request.headers['x-dn'] as string | undefined,
}
