import { describe, expect, test } from 'vitest'
import { explainPolicy, type PolicyOptions } from '@scitokens/issuer'
import {
  APP,
  type Harness,
  loginByCode,
  type Reply,
  ROBOT,
  startIssuer,
  startIssuerForPeople,
} from '../support/harness.ts'

const POLICY: PolicyOptions = {
  rules: [
    { name: 'everybody reads', scopes: ['read:/store/public'] },
    { name: 'own folder', match: { kind: 'user' }, scopes: ['write:/store/user/{sub}', 'read:/store/user/{sub}'] },
    { name: 'analysis', match: { group: '/cms/analysis' }, scopes: ['read:/store/data'] },
    {
      name: 'production',
      match: { group: '/cms', claim: { role: ['production', 'admin'] } },
      scopes: ['write:/store/data'],
    },
    { name: 'portal', match: { client: 'portal' }, scopes: ['compute.create'] },
  ],
  capabilitySets: {
    '/cms/ana': { scopes: ['read:/store/data', 'write:/store/user/{sub}'], match: { group: '/cms/analysis' } },
  },
  optionalGroups: ['/cms/ALARM'],
}
const { scopes: _, ...OPEN_APP } = APP

async function start(policy: PolicyOptions = POLICY, realm: object = {}): Promise<Harness> {
  return startIssuerForPeople({ clients: [ROBOT, OPEN_APP], policy, ...realm })
}

async function granted(harness: Harness, scope: string, groups: string): Promise<unknown> {
  return (await loginByCode(harness, { scope }, { groups })).body['scope']
}

describe('rules', () => {
  test('add up: whoever matches several has what all of them give', async () => {
    const harness = await start()
    expect(await granted(harness, '', '')).toBe('read:/store/public write:/store/user/ana read:/store/user/ana')
    expect(await granted(harness, '', '/cms/analysis/higgs')).toContain('read:/store/data')
  })

  test('about a group count whole components', async () => {
    const harness = await start()
    expect(await granted(harness, '', '/cms/analysisX')).not.toContain('read:/store/data')
  })

  test('of two conditions need both', async () => {
    const realm = (await start()).issuer.realms[0]!
    const ask = (groups: string[], role: string) =>
      explainPolicy(realm, { clientId: 'app', subject: 'ana', groups, claims: { role }, scope: 'write:/store/data' })
    expect((await ask(['/cms'], 'admin')).allowed).toBe(true)
    expect((await ask(['/cms'], 'guest')).allowed).toBe(false)
    expect((await ask(['/atlas'], 'admin')).allowed).toBe(false)
  })

  test('stay within the ceiling of the client', async () => {
    const harness = await startIssuerForPeople({
      clients: [{ ...APP, scopes: ['read:/store/data/mine', 'read:/store/public'] }],
      policy: POLICY,
    })
    expect(await granted(harness, '', '/cms/analysis')).toBe('read:/store/public read:/store/data/mine')
  })

  test.each([
    [
      { rules: [{ match: { grup: '/cms' }, scopes: ['read:/'] }] },
      'no option "grup" in policy.rules[0].match: did you mean group?',
    ],
    [{ rules: [{ scopes: ['read:/x', 'write:/{sub'] }] }, 'policy.rules[0].scopes'],
    [{ rules: [{ scopes: ['{sub}:/x'] }] }, 'outside its path'],
    [{ rules: [{ scopes: ['read:/{password}'] }] }, '{password}'],
    [{ rules: [{ scopes: ['read:/store/..'] }] }, 'policy.rules[0].scopes'],
    [{ rules: [{ scopes: ['read:/a%20b'] }] }, 'misread'],
    [{ rules: [{ match: { group: 'cms' }, scopes: ['read:/'] }] }, 'policy.rules[0].match.group'],
    [{ capabilitySets: { ana: { scopes: ['read:/'] } } }, 'policy.capabilitySets'],
  ])('that are wrong stop the start and name the place: %j', async (policy, place) => {
    await expect(startIssuer({ policy: policy as PolicyOptions })).rejects.toMatchObject({
      code: 'config_error',
      message: expect.stringContaining(place),
    })
  })
})

describe('wlcg.groups', () => {
  const MEMBER = '/cms /cms/uscms /cms/ALARM'
  const groupsOf = async (harness: Harness, { body }: Reply): Promise<unknown> =>
    (await harness.claims(body['access_token'] as string))['wlcg.groups']

  test.each([
    ['wlcg.groups', ['/cms', '/cms/uscms']],
    ['wlcg.groups:/cms/ALARM', ['/cms/ALARM', '/cms', '/cms/uscms']],
    ['wlcg.groups:/cms/uscms wlcg.groups:/cms/ALARM', ['/cms/uscms', '/cms/ALARM', '/cms']],
    ['wlcg.groups wlcg.groups:/cms/ALARM', ['/cms', '/cms/uscms', '/cms/ALARM']],
  ])('%s gives %j: those asked for in their order, then the default ones', async (scope, groups) => {
    const harness = await start()
    expect(
      await groupsOf(harness, await loginByCode(harness, { scope: `${scope} read:/` }, { groups: MEMBER })),
    ).toEqual(groups)
  })

  test('are not told where they were not asked for', async () => {
    const harness = await start()
    expect(await groupsOf(harness, await loginByCode(harness, { scope: 'read:/' }, { groups: MEMBER }))).toBeUndefined()
  })

  test('are refused to whoever is no member', async () => {
    const harness = await start()
    await expect(loginByCode(harness, { scope: 'wlcg.groups:/cms/secret' }, { groups: MEMBER })).rejects.toThrow(
      'access_denied',
    )
  })
})

describe('wlcg.capabilityset', () => {
  test('stands for all of its capabilities', async () => {
    const harness = await start()
    expect(await granted(harness, 'wlcg.capabilityset:/cms/ana', '/cms/analysis')).toBe(
      'read:/store/data write:/store/user/ana',
    )
  })

  test.each(['/cms/ana', '/cms/unknown'])('%s is refused to whoever has no part in it', async (set) => {
    const harness = await start()
    await expect(loginByCode(harness, { scope: `wlcg.capabilityset:${set}` }, { groups: '/cms' })).rejects.toThrow(
      'access_denied',
    )
  })

  test('is whole or not at all: a ceiling that leaves out a part refuses it', async () => {
    const harness = await startIssuerForPeople({ clients: [{ ...APP, scopes: ['read:/store/data'] }], policy: POLICY })
    await expect(
      loginByCode(harness, { scope: 'wlcg.capabilityset:/cms/ana' }, { groups: '/cms/analysis' }),
    ).rejects.toThrow('access_denied')
  })
})

test('host.auth goes to a client that is a host, about itself', async () => {
  const host = { ...ROBOT, clientId: 'host:xrd.example.org', scopes: ['host.auth'] }
  const { token, claims } = await startIssuer({ clients: [host] })
  const form = {
    grant_type: 'client_credentials',
    scope: 'host.auth wlcg',
    client_id: host.clientId,
    client_secret: ROBOT.clientSecret as string,
  }
  const reply = await token(form, {})
  expect(await claims(reply.body['access_token'] as string)).toMatchObject({
    sub: 'host:xrd.example.org',
    scope: 'host.auth',
    'wlcg.ver': '1.0',
  })
})

test('explainPolicy tells each step, without a server and without a token', async () => {
  const harness = await start()
  const explained = await explainPolicy(harness.issuer.realms[0]!, {
    clientId: 'app',
    subject: 'ana',
    groups: ['/cms/analysis'],
    scope: 'read:/store/data/run1 write:/elsewhere',
  })
  expect(explained).toMatchObject({
    allowed: true,
    scope: 'read:/store/data/run1',
    audience: ['https://se.example.org'],
  })
  expect(explained.steps).toEqual([
    'user ana through client app',
    'everybody reads: allows read:/store/public',
    'own folder: allows write:/store/user/ana read:/store/user/ana',
    'analysis: allows read:/store/data',
    'production: does not apply, the claim "role" does not fit',
    'portal: does not apply, the client is "app"',
    'granted: read:/store/data/run1',
  ])
  const refused = await explainPolicy(harness.issuer.realms[0]!, {
    clientId: 'app',
    subject: '../x',
    scope: 'write:/store',
  })
  expect(refused).toMatchObject({ allowed: false, error: 'invalid_scope' })
  expect(refused.steps.join('\n')).toContain('the value of {sub} is not a plain path component')
  expect(harness.audit.events).toEqual([])
})
