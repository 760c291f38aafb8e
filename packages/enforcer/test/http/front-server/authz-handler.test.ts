import { createTestIssuer, type TestIssuer } from '@scitokens/core/testing'
import { beforeAll, describe, expect, test } from 'vitest'
import { Enforcer } from '../../../src/index.ts'
import {
  type AuthzLogEntry,
  type AuthzQuestion,
  createAuthzHandler,
  createGuard,
  FRONT_SERVERS,
  type FrontServer,
} from '../../../src/http/index.ts'

const audience = 'https://storage.example'
let issuer: TestIssuer
let token: string

beforeAll(async () => {
  issuer = await createTestIssuer()
  token = await issuer.sign({ aud: audience, scope: 'read:/store', sub: 'ana' })
})

/** What is logged when a server in front asks this. */
async function logged(front: FrontServer, asked: AuthzQuestion): Promise<AuthzLogEntry> {
  const { issuer: issuers, keys, clock } = issuer
  const lines: AuthzLogEntry[] = []
  const guard = createGuard({ enforcer: new Enforcer({ issuers, keys, clock, audience }) })
  await createAuthzHandler({ guard, front, log: (entry) => lines.push(entry) })(asked)
  expect(lines).toHaveLength(1)
  return lines[0]!
}

/** The question of a server in front about a request. */
function question(
  front: FrontServer,
  method: string,
  target: string,
  headers: Record<string, string> = {},
): AuthzQuestion {
  if (front === 'nginx' || front === 'envoy') return { method, target, headers }
  const name =
    front === 'x-original' ? ['x-original-method', 'x-original-uri'] : ['x-forwarded-method', 'x-forwarded-uri']
  return { method: 'GET', target: '/', headers: { ...headers, [name[0]!]: method, [name[1]!]: target } }
}

describe.each(FRONT_SERVERS)('the log for %s', (front) => {
  test('has the path, and of a query only the names', async () => {
    const bearer = { authorization: `Bearer ${token}` }
    expect(await logged(front, question(front, 'GET', '/store/%C3%A4?x=1&flag', bearer))).toMatchObject({
      method: 'GET',
      target: '/store/%C3%A4?x=[redacted]&flag',
      allowed: true,
      subject: 'ana',
      reason: 'read:/store',
    })
  })

  test('has no token, wherever a request holds one, allowed or refused', async () => {
    const bearer = `Bearer ${token}`
    const signature = token.split('.')[2]!
    const places: AuthzQuestion[] = [
      question(front, 'GET', '/store/a', { authorization: bearer }),
      question(front, 'PUT', '/store/a', { authorization: bearer }),
      question(front, 'GET', `/store/a?authz=${encodeURIComponent(bearer)}`),
      question(front, 'GET', `/other/a?authz=${encodeURIComponent(bearer)}`),
      question(front, 'GET', `/store/a?access_token=${token}`),
      question(front, 'GET', `/store/a?access_token=${token}`, { authorization: bearer }),
      question(front, 'GET', `/store/a?${token}`),
      question(front, 'GET', `/store/${token}`, { authorization: bearer }),
      question(front, 'GET', `/store/${token.replaceAll('.', '%2E')}`, { authorization: bearer }),
      question(front, 'GET', `/store/a#${token}`, { authorization: bearer }),
      question(front, 'GET', token, { authorization: bearer }),
      question(front, 'GET', `https://ana:${token}@se.example/store/a`, { authorization: bearer }),
      question(front, token, '/store/a', { authorization: bearer }),
      question(front, 'COPY', '/store/a', { authorization: bearer, destination: `/store/${token}` }),
      question(front, 'COPY', '/store/a', { authorization: bearer, destination: `https://${token}/store/a` }),
      question(front, 'COPY', '/store/a', { authorization: bearer, overwrite: token, depth: token, host: token }),
      question(front, 'GET', '/store/a', { authorization: token }),
      question(front, 'GET', '/store/a', { authorization: `Basic ${token}` }),
      question(front, 'GET', '/store/a', { authorization: `DPoP ${token}` }),
      question(front, 'GET', '/store/a', { authorization: `${bearer} ${token}` }),
      question(front, 'GET', '/store/a', { authorization: `${bearer}.${'A'.repeat(40)}` }),
    ]
    for (const place of places) {
      // oxlint-disable-next-line no-await-in-loop -- one at a time is easier to read when it fails
      const line = JSON.stringify(await logged(front, place))
      expect(decodeURIComponent(line), JSON.stringify(place)).not.toContain(signature)
    }
  })
})

test('a subject that is a token itself is not logged', async () => {
  const odd = await issuer.sign({ aud: audience, scope: 'read:/', sub: token })
  const line = await logged('envoy', question('envoy', 'GET', '/a', { authorization: `Bearer ${odd}` }))
  expect(line).toMatchObject({ allowed: true, subject: '[redacted]' })
})
