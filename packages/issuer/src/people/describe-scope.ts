import { parseScopes, type Scope } from '@scitokens/core'
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

/** What an application will be able to do, in plain words, one sentence each. */
export function describeBounds(
  { scope, identity, groups, audience }: GrantBounds,
  refreshable: boolean,
): readonly Html[] {
  return [
    ...parseScopes(scope.join(' ')).scopes.map(describeScope),
    ...identity.flatMap((item) => (IDENTITY[item] === undefined ? [] : [html`${IDENTITY[item]}`])),
    ...groups.map((group) => html`show that you belong to the group <code>${group}</code>`),
    audience.length === 0
      ? html`do so at every server that this application may use`
      : audience.some((name) => name === 'ANY' || name.endsWith('/jwt/v1/any'))
        ? html`do so at <strong>every server</strong> that trusts this issuer`
        : html`do so at ${audience.map((name, index) => html`${index > 0 ? ', ' : ''}<code>${name}</code>`)}`,
    ...(refreshable ? [html`go on doing so <strong>while you are away</strong>, until you revoke it`] : []),
  ]
}

function describeScope({ authz, path, hasPath }: Scope): Html {
  const action = Object.hasOwn(ACTIONS, authz) ? html`${ACTIONS[authz]}` : html`use the right <code>${authz}</code>`
  if (!hasPath) return action
  return path === '/' ? html`${action} <strong>everywhere</strong>` : html`${action} in <code>${path}</code> and below`
}
