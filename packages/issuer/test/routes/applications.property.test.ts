// What the page shows is what works: over any history, exactly the logins that it lists can be refreshed.
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { Browser } from '../support/browser.ts'
import { APP, basic, type Harness, loginByCode, SECRET, startIssuerForPeople } from '../support/harness.ts'

type Step =
  | { readonly kind: 'login'; readonly who: number; readonly app: number }
  | { readonly kind: 'refresh' | 'revoke' | 'take back'; readonly which: number }
  | { readonly kind: 'take all back'; readonly who: number; readonly app: number }
  | { readonly kind: 'wait'; readonly days: number }

const PEOPLE = ['ana', 'bob']
const APPS = ['app', 'second']
const person = fc.nat(PEOPLE.length - 1)
const app = fc.nat(APPS.length - 1)
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('login' as const), who: person, app }) },
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constantFrom('refresh' as const, 'revoke', 'take back'), which: fc.nat(20) }),
  },
  fc.record({ kind: fc.constant('take all back' as const), who: person, app }),
  fc.record({ kind: fc.constant('wait' as const), days: fc.integer({ min: 1, max: 20 }) }),
)

interface Login {
  readonly who: string
  readonly app: string
  readonly family: string
  token: string
}

async function openPage(harness: Harness, subject: string) {
  const browser = new Browser(harness.issuer)
  return { browser, page: await browser.submit(await browser.open(`${harness.url}/applications`), { subject }) }
}

function refresh(harness: Harness, { token, app: client }: Login) {
  return harness.token({ grant_type: 'refresh_token', refresh_token: token }, basic(client, SECRET))
}

test('over any history of logins, refreshes and revocations the page lists exactly what can be refreshed', async () => {
  const clients = APPS.map((clientId) => ({ ...APP, clientId }))
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 3, maxLength: 12 }), async (steps) => {
      const harness = await startIssuerForPeople({ clients })
      const logins: Login[] = []
      /* oxlint-disable no-await-in-loop -- a history is in order */
      for (const one of steps) {
        const login = 'which' in one ? logins[one.which % Math.max(1, logins.length)] : undefined
        if (one.kind === 'login') {
          const [who, client] = [PEOPLE[one.who]!, APPS[one.app]!]
          const { body } = await loginByCode(harness, { client_id: client }, { client, subject: who })
          const { family } = harness.audit.events.findLast(({ event }) => event === 'token_issued')!
          logins.push({ who, app: client, family: family!, token: body['refresh_token'] as string })
        } else if (one.kind === 'wait') {
          harness.clock.advance(one.days * 86_400)
        } else if (one.kind === 'take all back') {
          const { browser, page } = await openPage(harness, PEOPLE[one.who]!)
          if (page.text.includes('name="family"')) await browser.submit(page, { client: APPS[one.app]! })
        } else if (login && one.kind === 'refresh') {
          const { status, body } = await refresh(harness, login)
          if (status === 200) login.token = body['refresh_token'] as string
        } else if (login && one.kind === 'revoke') {
          await harness.post('/revoke', { token: login.token }, basic(login.app, SECRET))
        } else if (login) {
          // Whoever tries: it is his own or it is not there.
          for (const who of [PEOPLE.find((other) => other !== login.who)!, login.who]) {
            const { browser, page } = await openPage(harness, who)
            if (page.text.includes('name="family"')) await browser.submit(page, { family: login.family })
            if (who !== login.who && page.text.includes(login.family)) throw new Error('shown to somebody else')
          }
        }
      }
      const shown = await Promise.all(PEOPLE.map(async (who) => (await openPage(harness, who)).page.text))
      const listed = shown.flatMap((text) => [...text.matchAll(/name="family" value="([^"]*)"/g)].map(([, id]) => id!))
      const working: string[] = []
      for (const login of logins) if ((await refresh(harness, login)).status === 200) working.push(login.family)
      /* oxlint-enable no-await-in-loop */
      expect(listed.toSorted()).toEqual(working.toSorted())
    }),
    { numRuns: 12 },
  )
})
