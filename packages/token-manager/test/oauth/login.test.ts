import { request } from 'node:http'
import { inspect } from 'node:util'
import { expect, test } from 'vitest'
import { type DevicePrompt, loginByBrowser, loginByDevice, OAuthClient } from '../../src/index.ts'
import { TestIssuer } from '../support/test-issuer.ts'

const wanted = { scopes: ['read:/store'], audience: ['https://se.example'] }

async function prepared(): Promise<{
  issuer: TestIssuer
  oauth: OAuthClient
  identity: { issuer: string; clientId: string }
}> {
  const issuer = await TestIssuer.start()
  const oauth = new OAuthClient({ clock: issuer.clock, dangerouslyAllowLoopbackHttp: true })
  return { issuer, oauth, identity: { issuer: issuer.url, clientId: 'cli' } }
}

/** Follows the issuer's page to the answer, as a browser would. */
async function visit(url: string): Promise<{ location: string }> {
  return (await (await fetch(url)).json()) as { location: string }
}

test('a device login waits for the person, slows down when told, and ends with a refresh token', async () => {
  const { issuer, oauth, identity } = await prepared()
  const prompts: DevicePrompt[] = []
  const waits: number[] = []
  const answers = ['authorization_pending', 'slow_down', 'yes'] as const
  const grant = await loginByDevice(oauth, identity, wanted, {
    prompt: (prompt) => prompts.push(prompt),
    wait: async (ms) => {
      issuer.deviceAnswer = answers[waits.length]!
      waits.push(ms)
    },
  })
  expect(prompts).toEqual([expect.objectContaining({ userCode: 'ABCD-EFGH', verificationUri: `${issuer.url}/go` })])
  expect(waits).toEqual([1000, 1000, 6000])
  expect(grant.refreshToken).toMatch(/^rt-/)
})

test('an issuer that is away for a moment does not end a device login', async () => {
  const { issuer, oauth, identity } = await prepared()
  let polls = 0
  const grant = await loginByDevice(oauth, identity, wanted, {
    prompt: () => {},
    wait: async () => {
      polls += 1
      issuer.down = polls === 1 ? {} : undefined
    },
  })
  expect(polls).toBe(2)
  expect(grant.accessToken).toBeDefined()
})

test.each([
  ['access_denied', 'scope_denied'],
  ['expired_token', 'login_required'],
] as const)('a device login that ends with %s is %s', async (answer, code) => {
  const { issuer, oauth, identity } = await prepared()
  issuer.deviceAnswer = answer
  const login = loginByDevice(oauth, identity, wanted, { prompt: () => {}, wait: async () => {} })
  await expect(login).rejects.toMatchObject({ code })
})

test('nobody confirming is the end when the code has expired', async () => {
  const { issuer, oauth, identity } = await prepared()
  issuer.deviceAnswer = 'authorization_pending'
  const login = loginByDevice(oauth, identity, wanted, {
    prompt: () => {},
    wait: async () => issuer.clock.advance(200),
  })
  await expect(login).rejects.toMatchObject({ code: 'login_required' })
})

test('a browser login asks with PKCE and state, and redeems the code', async () => {
  const { issuer, oauth, identity } = await prepared()
  let asked: URL | undefined
  const grant = await loginByBrowser(oauth, identity, wanted, {
    open: (url) => {
      asked = new URL(url)
      void visit(url).then(({ location }) => fetch(location))
    },
  })
  expect(grant.refreshToken).toMatch(/^rt-/)
  expect(Object.fromEntries(asked!.searchParams)).toMatchObject({
    code_challenge_method: 'S256',
    scope: 'read:/store',
    audience: 'https://se.example',
  })
  expect(issuer.requests.at(-1)!.get('code_verifier')).toMatch(/^[\w-]{43}$/)
})

test('an answer with another state is turned away, and the login goes on', async () => {
  const { oauth, identity } = await prepared()
  const statuses: number[] = []
  await loginByBrowser(oauth, identity, wanted, {
    open: (url) => {
      void (async () => {
        const { location } = await visit(url)
        const forged = new URL(location)
        forged.searchParams.set('state', 'forged')
        statuses.push((await fetch(forged)).status)
        statuses.push((await fetch(location)).status)
      })()
    },
  })
  expect(statuses[0]).toBe(404)
})

test('a token in an answer that somebody sends to the port is told nobody', async () => {
  const { oauth, identity } = await prepared()
  const token = 'eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJodHRwczovL2EifQ.c2lnbmF0dXJlLXNpZ25hdHVyZQ'
  for (const spoil of [
    (answer: URL) => answer.searchParams.set('code', token),
    (answer: URL) => answer.searchParams.append('code', token),
    (answer: URL) => answer.searchParams.set('iss', token),
    (answer: URL) => {
      answer.searchParams.delete('code')
      answer.searchParams.set('error', token)
      answer.searchParams.set('error_description', token)
    },
    (answer: URL) => answer.searchParams.set('response', token),
    (answer: URL) => answer.searchParams.set(token, token),
  ]) {
    // oxlint-disable-next-line no-await-in-loop -- one login after the other
    const ended = await loginByBrowser(oauth, identity, wanted, {
      open: (url) => {
        void visit(url).then(({ location }) => {
          const answer = new URL(location)
          spoil(answer)
          return fetch(answer)
        })
      },
    }).then(
      () => 'logged in',
      (error: unknown) => inspect(error, { depth: 10 }),
    )
    expect(ended, String(spoil)).not.toContain('c2lnbmF0dXJl')
  }
})

test('an answer of another issuer is refused', async () => {
  const { oauth, identity, issuer } = await prepared()
  const login = loginByBrowser(oauth, identity, wanted, {
    open: (url) => {
      void visit(url).then(({ location }) =>
        fetch(location.replace(encodeURIComponent(issuer.url), 'https%3A%2F%2Fevil.example')),
      )
    },
  })
  await expect(login).rejects.toMatchObject({ family: 'undecided' })
  expect(issuer.requests).toHaveLength(0)
})

test('a person who says no is told as a refusal', async () => {
  const { oauth, identity, issuer } = await prepared()
  const login = loginByBrowser(oauth, identity, wanted, {
    open: (url) => {
      void visit(url).then(({ location }) => {
        const { origin, searchParams } = new URL(location)
        const state = searchParams.get('state')!
        return fetch(`${origin}/callback?error=access_denied&state=${state}&iss=${encodeURIComponent(issuer.url)}`)
      })
    },
  })
  await expect(login).rejects.toMatchObject({ code: 'scope_denied' })
})

test('a login that is given up leaves no open port', async () => {
  const { oauth, identity } = await prepared()
  const ending = new AbortController()
  let port = 0
  const login = loginByBrowser(oauth, identity, wanted, {
    signal: ending.signal,
    open: (url) => {
      port = Number(new URL(new URL(url).searchParams.get('redirect_uri')!).port)
      ending.abort()
    },
  })
  await expect(login).rejects.toMatchObject({ code: 'aborted' })
  const refused = await new Promise((resolve) => {
    request({ port, host: '127.0.0.1' }).on('error', resolve).end()
  })
  expect(refused).toMatchObject({ code: 'ECONNREFUSED' })
})
