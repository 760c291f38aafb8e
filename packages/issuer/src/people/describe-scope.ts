import { ANY_AUDIENCE, parseScopes, type Scope, WLCG_ANY_AUDIENCE } from '@scitokens/core'
import { type Html, html } from './html.ts'
import type { GrantBounds } from '../policy/decide.ts'

const ACTIONS: Readonly<Record<string, string>> = {
  read: 'read files',
  write: 'create, change and delete files',
  create: 'create files',
  modify: 'change and delete files',
  stage: 'bring files from tape to disk',
  'storage.read': 'read files',
  'storage.create': 'create new files',
  'storage.modify': 'create, change and delete files',
  'storage.stage': 'bring files from tape to disk',
  'storage.poll': 'ask whether files are on disk or tape',
  'compute.read': 'see jobs',
  'compute.create': 'submit jobs',
  'compute.modify': 'change jobs',
  'compute.cancel': 'cancel jobs',
  'host.auth': 'identify a host',
}

const IDENTITY: Readonly<Record<string, string>> = {
  openid: 'know who you are',
  profile: 'see your name',
  email: 'see your e-mail address',
}

/**
 * What an application will be able to do, in plain words, one sentence each.
 *
 * @param allowedAudiences - what bounds a grant that names no server: the client's own audiences.
 * @param refreshable - whether it may go on without the person.
 */
export function describeBounds(
  { scope, identity, groups, audience }: GrantBounds,
  allowedAudiences: readonly string[] | undefined,
  refreshable: boolean,
): readonly Html[] {
  const isIdentityAlone = scope.length === 0 && groups.length === 0
  return [
    ...parseScopes(scope.join(' ')).scopes.map(describeScope),
    ...identity.flatMap((item) => (IDENTITY[item] === undefined ? [] : [html`${IDENTITY[item]}`])),
    ...groups.map((group) => html`show that you belong to the group <code>${group}</code>`),
    isIdentityAlone
      ? describeIdentityAudience(audience, allowedAudiences ?? [])
      : describeAudience(audience.length > 0 ? audience : (allowedAudiences ?? [])),
    ...(refreshable ? [html`go on doing so <strong>while you are away</strong>, until you revoke it`] : []),
  ]
}

/** Servers named in one sentence at most. */
const MAX_NAMED = 8

function describeAudience(audience: readonly string[]): Html {
  return html`do so ${atServers(audience)}`
}

function atServers(audience: readonly string[]): Html {
  if (audience.some((name) => name === ANY_AUDIENCE || name === WLCG_ANY_AUDIENCE)) {
    return html`at <strong>every server</strong> that trusts this issuer`
  }
  if (audience.length === 0 || audience.includes('*')) {
    return html`at <strong>any server</strong> that the application chooses`
  }
  const named = audience.slice(0, MAX_NAMED).map((name, index) => html`${index > 0 ? ', ' : ''}<code>${name}</code>`)
  const more = audience.length - MAX_NAMED
  return html`at ${named}${more > 0 ? ` and ${more} more servers` : ''}`
}

/** A token that only says who somebody is, is for this issuer until the application names a server that it may name. */
function describeIdentityAudience(audience: readonly string[], allowed: readonly string[]): Html {
  if (audience.length > 0) return describeAudience(audience)
  if (allowed.length === 0) return html`do so <strong>here only</strong>, at this issuer`
  return html`do so here, at this issuer, or ${atServers(allowed)}`
}

function describeScope({ authz, path, hasPath }: Scope): Html {
  const action = Object.hasOwn(ACTIONS, authz) ? html`${ACTIONS[authz]}` : html`use the right <code>${authz}</code>`
  if (!hasPath) return action
  return path === '/' ? html`${action} <strong>everywhere</strong>` : html`${action} in <code>${path}</code> and below`
}
