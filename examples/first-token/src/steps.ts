import { CLIENT, OTHER_AUDIENCE, SHORT_CLIENT, type Site, STORAGE_AUDIENCE } from './site.ts'
import { getToken } from './client.ts'

/** One request, and what must come of it. */
export interface Step {
  /** What is tried, for a reader who has never seen a token. */
  readonly title: string
  readonly method: 'GET' | 'PUT'
  readonly path: string
  readonly body?: string
  /** Undefined: no token at all. */
  readonly token: string | undefined
  /** By how many seconds the storage server's clock runs ahead meanwhile. */
  readonly laterBySeconds?: number
  readonly expected: Expectation
}

/** The right decision; a refusal must be for the right reason too. */
export type Expectation = { readonly allowed: true } | { readonly allowed: false; readonly code: string }

/** What came of a step. */
export interface Outcome {
  readonly step: Step
  readonly status: number
  /** Of the storage server's access log: what it decided, and why. */
  readonly allowed: boolean
  readonly code: string | undefined
  readonly reason: string
  readonly text: string
  /** Whether the decision is the expected one. */
  readonly right: boolean
}

/** The tokens of the demonstration. */
export interface Tokens {
  readonly good: string
  readonly forElsewhere: string
  readonly shortLived: string
  readonly tampered: string
}

/** Gets three tokens from the issuer, over HTTP, and spoils a copy of one. */
export async function getTokens({ issuerUrl, secrets }: Site): Promise<Tokens> {
  const from = (clientId: string): Parameters<typeof getToken>[0] => ({
    issuerUrl,
    clientId,
    clientSecret: secrets[clientId]!,
  })
  const good = await getToken(from(CLIENT), STORAGE_AUDIENCE)
  return {
    good,
    forElsewhere: await getToken(from(CLIENT), OTHER_AUDIENCE),
    shortLived: await getToken(from(SHORT_CLIENT), STORAGE_AUDIENCE),
    tampered: widen(good),
  }
}

/** The middle part of a token, decoded. */
export function claimsOf(token: string): Record<string, unknown> {
  return JSON.parse(Buffer.from(token.split('.')[1]!, 'base64url').toString())
}

/** The first part of a token, decoded. */
export function headerOf(token: string): Record<string, unknown> {
  return JSON.parse(Buffer.from(token.split('.')[0]!, 'base64url').toString())
}

/** What a thief would like to have: the same token, but with the right to write everywhere. */
function widen(token: string): string {
  const [header, , signature] = token.split('.')
  const claims = { ...claimsOf(token), scope: 'read:/ write:/' }
  return [header, Buffer.from(JSON.stringify(claims)).toString('base64url'), signature].join('.')
}

/** The story, in order. */
export function storyOf({ good, forElsewhere, shortLived, tampered }: Tokens): readonly Step[] {
  const inside = '/store/user/ana/result.txt'
  return [
    {
      title: "Ana's job writes its result into her own area",
      method: 'PUT',
      path: inside,
      body: 'the mass is 125 GeV\n',
      token: good,
      expected: { allowed: true },
    },
    {
      title: 'It reads a file of the experiment',
      method: 'GET',
      path: '/store/data/run-1.txt',
      token: good,
      expected: { allowed: true },
    },
    {
      title: "It tries to write into Ben's area",
      method: 'PUT',
      path: '/store/user/ben/result.txt',
      body: 'the mass is 0 GeV\n',
      token: good,
      expected: { allowed: false, code: 'scope_denied' },
    },
    {
      title: 'It tries to read outside /store',
      method: 'GET',
      path: '/admin/passwords.txt',
      token: good,
      expected: { allowed: false, code: 'scope_denied' },
    },
    {
      title: 'It shows a token that was made for another storage server',
      method: 'GET',
      path: inside,
      token: forElsewhere,
      expected: { allowed: false, code: 'aud_mismatch' },
    },
    {
      title: "It shows a token of one minute, two minutes later (the storage server's clock is put forward)",
      method: 'GET',
      path: inside,
      token: shortLived,
      laterBySeconds: 120,
      expected: { allowed: false, code: 'expired' },
    },
    {
      title: 'Somebody changes the token so that it says "write everywhere"',
      method: 'PUT',
      path: '/store/user/ben/result.txt',
      body: 'the mass is 0 GeV\n',
      token: tampered,
      expected: { allowed: false, code: 'bad_signature' },
    },
    {
      title: 'Somebody comes without a token',
      method: 'GET',
      path: inside,
      token: undefined,
      expected: { allowed: false, code: 'no_credentials' },
    },
  ]
}

/** Sends a step's request and compares what the storage server decided with what it should have. */
async function runStep(site: Site, step: Step): Promise<Outcome> {
  const before = site.accessLog.length
  site.shiftStorageClock(step.laterBySeconds ?? 0)
  const response = await fetch(site.storageUrl + step.path, {
    method: step.method,
    headers: step.token === undefined ? {} : { authorization: `Bearer ${step.token}` },
    ...(step.body !== undefined && { body: step.body }),
  })
  const text = await response.text()
  site.shiftStorageClock(0)
  const decided = site.accessLog[before]
  if (!decided) throw new Error('the storage server has answered without deciding anything')
  const { allowed, code, reason } = decided
  const { expected } = step
  // The status must agree with the log: a refusal that is logged and not carried out is no refusal.
  const right = expected.allowed
    ? allowed && response.ok
    : !allowed && code === expected.code && (response.status === 401 || response.status === 403)
  return { step, status: response.status, allowed, code, reason, text, right }
}

/** Runs all steps and tells of each as it happens. Returns how many decisions were wrong. */
export async function runStory(site: Site, steps: readonly Step[], tell: (outcome: Outcome) => void): Promise<number> {
  let wrong = 0
  for (const step of steps) {
    // oxlint-disable-next-line no-await-in-loop -- it is a story: one thing happens after the other
    const outcome = await runStep(site, step)
    if (!outcome.right) wrong += 1
    tell(outcome)
  }
  return wrong
}
