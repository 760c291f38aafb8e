import { parseScopes, SciTokenError, type Scope } from '@scitokens/core'
import { isGroupName } from '@scitokens/core/internal'
import { OAuthError } from '../http/oauth-error.ts'

/** What a client asks for, sorted by kind. */
export interface RequestedScopes {
  /** What is to be done where, such as `read:/store`. */
  readonly scopes: readonly Scope[]
  /** `openid`, `profile`, `email`, `offline_access`. */
  readonly identity: readonly string[]
  /** `wlcg.groups` items in their order: a group, or undefined for the bare word. */
  readonly groups: readonly (string | undefined)[]
  /** The one `wlcg.capabilityset` that may be asked for. */
  readonly capabilitySet: string | undefined
  /** `wlcg` or `wlcg:1.x`: a token of the WLCG profile is wanted. */
  readonly wlcg: boolean
  /** Asked for, but known to nobody here. */
  readonly unknown: readonly string[]
}

/** More items than anybody asks for; each is compared with each. */
const MAX_ITEMS = 256

const IDENTITY = new Set(['openid', 'profile', 'email', 'offline_access'])

/**
 * Nothing was asked for by name: the default applies, or the original grant as it was. Who asks for an identity alone has asked: only what
 * is named is given (RFC 6749 sections 3.3 and 6). `wlcg` says of which profile the token shall be, and nothing about what is in it.
 */
export function isEmptyRequest(request: RequestedScopes): boolean {
  return (
    request.scopes.length === 0 &&
    request.identity.length === 0 &&
    request.groups.length === 0 &&
    request.capabilitySet === undefined &&
    request.unknown.length === 0
  )
}

/**
 * `offline_access`, and claims about a person without `openid`, only add to something else: alone they are no access. Throws
 * `invalid_scope` where nothing else was asked for.
 */
export function refuseMereAddition(request: RequestedScopes): void {
  const { identity } = request
  if (identity.length === 0 || identity.includes('openid') || !isEmptyRequest({ ...request, identity: [] })) return
  throw new OAuthError('invalid_scope', `${identity.join(' ')} alone is no access: ask for something else as well`)
}

/** Reads a `scope` parameter. Throws `invalid_scope`. */
export function parseRequestedScopes(text: string): RequestedScopes {
  const { scopes, selectors } = parse(text)
  if (scopes.length + selectors.length > MAX_ITEMS)
    throw new OAuthError('invalid_scope', `more than ${MAX_ITEMS} scopes were asked for`)
  const groups: (string | undefined)[] = []
  const sets: string[] = []
  const identity: string[] = []
  const unknown: string[] = []
  let wlcg = false
  for (const item of selectors) {
    if (IDENTITY.has(item)) identity.push(item)
    else if (item === 'wlcg.groups') groups.push(undefined)
    else if (item.startsWith('wlcg.groups:')) groups.push(groupName(item.slice('wlcg.groups:'.length)))
    else if (item.startsWith('wlcg.capabilityset:')) sets.push(groupName(item.slice('wlcg.capabilityset:'.length)))
    else if (item === 'wlcg' || /^wlcg:1\.\d+$/.test(item)) wlcg = true
    else if (item.startsWith('wlcg:'))
      throw new OAuthError('invalid_scope', 'this version of the WLCG profile is not issued here')
    else unknown.push(item)
  }
  // WLCG profile 1.3: exactly one set may be named, it stands for all of its capabilities.
  if (sets.length > 1) throw new OAuthError('invalid_scope', 'only one wlcg.capabilityset can be asked for')
  return { scopes, identity, groups, capabilitySet: sets[0], wlcg, unknown }
}

function parse(text: string): ReturnType<typeof parseScopes> {
  try {
    return parseScopes(text)
  } catch (cause) {
    if (cause instanceof SciTokenError) throw new OAuthError('invalid_scope', cause.message, { cause })
    throw cause
  }
}

function groupName(text: string): string {
  if (!isGroupName(text)) throw new OAuthError('invalid_scope', 'a group is a path such as /vo/group')
  return text
}
