import { createTestClock } from '@scitokens/core/testing'
import { expect, test } from 'vitest'
import type { Fetch } from '@scitokens/host/https'
import { IssuerMetadata } from '../../src/oauth/issuer-metadata.ts'

const ISSUER = 'https://vo.example'
const DOCUMENT = { issuer: ISSUER, token_endpoint: `${ISSUER}/token` }

/** Metadata that is had from `answer`, and the addresses that were asked. */
function metadataFrom(answer: (url: string) => Response): {
  metadata: IssuerMetadata
  asked: string[]
  clock: ReturnType<typeof createTestClock>
} {
  const asked: string[] = []
  const clock = createTestClock()
  const fetch: Fetch = async (url) => {
    asked.push(url)
    return answer(url)
  }
  return { metadata: new IssuerMetadata(fetch, clock), asked, clock }
}

test('metadata is asked for once an hour, and by many at once only once', async () => {
  const { metadata, asked, clock } = metadataFrom(() => Response.json(DOCUMENT))
  await Promise.all([metadata.get(ISSUER), metadata.get(ISSUER)])
  clock.advance(3599)
  await metadata.get(ISSUER)
  expect(asked).toHaveLength(1)
  clock.advance(1)
  await metadata.get(ISSUER)
  expect(asked).toHaveLength(2)
})

test('an issuer that is away is known by what it said before, and asked again after the longest back-off', async () => {
  let away = false
  const { metadata, asked, clock } = metadataFrom(() =>
    away ? new Response(null, { status: 503 }) : Response.json(DOCUMENT),
  )
  await metadata.get(ISSUER)
  away = true
  clock.advance(3600)
  for (const [seconds, requests] of [
    [0, 2],
    [599, 2],
    [1, 3],
  ] as const) {
    clock.advance(seconds)
    // oxlint-disable-next-line no-await-in-loop -- simulated time goes step by step
    expect(await metadata.get(ISSUER)).toEqual(DOCUMENT)
    expect(asked, `after ${seconds} s`).toHaveLength(requests)
  }
})

test('an issuer that was never heard of and is away is "could not decide"', async () => {
  const { metadata } = metadataFrom(() => new Response(null, { status: 503, headers: { 'retry-after': '30' } }))
  await expect(metadata.get(ISSUER)).rejects.toMatchObject({ code: 'issuer_unavailable', retryAfterSeconds: 30 })
})

test.each([
  ['another issuer, even by a slash', () => Response.json({ ...DOCUMENT, issuer: `${ISSUER}/` })],
  ['no JSON', () => new Response('<html>')],
  ['nothing that is an object', () => Response.json(null)],
  ['no token endpoint', () => Response.json({ issuer: ISSUER })],
  ['a token endpoint with a line break', () => Response.json({ ...DOCUMENT, token_endpoint: `${ISSUER}/to\nken` })],
  ['a token endpoint without TLS', () => Response.json({ ...DOCUMENT, token_endpoint: 'http://vo.example/token' })],
  ['a login page that is a file', () => Response.json({ ...DOCUMENT, authorization_endpoint: 'file:///etc/passwd' })],
  [
    'a login page that is a script',
    () => Response.json({ ...DOCUMENT, authorization_endpoint: 'javascript:alert(1)' }),
  ],
  [
    'a device page with a tab',
    () => Response.json({ ...DOCUMENT, device_authorization_endpoint: 'https://v\to.example/' }),
  ],
  [
    'a registration that names a user',
    () => Response.json({ ...DOCUMENT, registration_endpoint: 'https://a:b@vo.example/' }),
  ],
])('metadata of %s is refused', async (_, answer) => {
  const { metadata } = metadataFrom(answer)
  await expect(metadata.get(ISSUER)).rejects.toMatchObject({ code: 'discovery_failed' })
})

test('a redirect at the first place ends the search, where nothing is there the next place is asked', async () => {
  const redirecting = metadataFrom(
    () => new Response(null, { status: 302, headers: { location: 'https://evil.example' } }),
  )
  await expect(redirecting.metadata.get(ISSUER)).rejects.toMatchObject({ code: 'discovery_failed' })
  expect(redirecting.asked).toHaveLength(1)
  const second = metadataFrom((url) =>
    url.endsWith('/oauth-authorization-server') ? Response.json(DOCUMENT) : new Response(null, { status: 404 }),
  )
  expect(await second.metadata.get(ISSUER)).toEqual(DOCUMENT)
  expect(second.asked).toHaveLength(2)
})
