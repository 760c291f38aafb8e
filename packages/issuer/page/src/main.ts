// The page: one desk with a token on it, and the parts of the page around it.
import { ConfigError, type JsonObject, SciTokenError } from '@scitokens/core'
import type { Desk, Settings, Shown, View } from './desk.ts'
import { byId } from './dom.ts'
import { fromFragment } from './fragment.ts'
import { keepForOffline } from './offline.ts'
import { profileOf } from './profile-of.ts'
import { readParts } from './read-parts.ts'
import { Service } from './service.ts'
import { BROWSER_ISSUER, browserSource, serverSource, SourceError, type TokenSource } from './signing.ts'
import { askView } from './views/ask-view.ts'
import { chainView } from './views/chain-view.ts'
import { choicesView } from './views/choices-view.ts'
import { claimsForm, claimsView } from './views/claims-view.ts'
import { commandsView } from './views/commands-view.ts'
import { elsewhereView } from './views/elsewhere-view.ts'
import { payloadView } from './views/payload-view.ts'
import { samplesView } from './views/samples-view.ts'
import { shareView } from './views/share-view.ts'
import { themeView } from './views/theme-view.ts'
import { tokenView } from './views/token-view.ts'

declare const __ERROR_ROWS__: Readonly<Record<string, readonly [string, string]>>

const clock = (): number => Date.now() / 1000
const DEFAULT_CLAIMS = { sub: 'john', scope: 'read:/data/john write:/data/john/results' }

themeView()
await start()

async function start(): Promise<void> {
  const page = await browserSource(clock)
  const server = await askServer()
  const settings = server?.settings ?? {
    issuer: BROWSER_ISSUER,
    lifetime: 600,
    maxLifetime: 86_400,
    trustedIssuers: [],
  }
  const keys = { ...(server && { [settings.issuer]: server.jwks }), [BROWSER_ISSUER]: page.jwks }
  const service = new Service({ keys, clock })
  const sources: Readonly<Record<Shown['signer'], TokenSource>> = { server: serverSource(settings.issuer), page }

  const { issuer } = settings
  let shown = {
    token: '',
    profile: 'scitoken:2.0',
    algorithm: 'ES256',
    signer: server ? 'server' : 'page',
    question: { issuer, audience: issuer, authz: 'read', path: '/data/john/set1' },
  } as Shown
  let turn = 0

  /** Judges anew and shows it; of several at once the last counts. */
  const update = async (change: Partial<Shown> = {}): Promise<void> => {
    const mine = ++turn
    const next = { ...shown, ...change, now: clock() }
    shown = next
    const [verdict, decision] = await Promise.all([
      service.judge(next.token),
      service.decide(next.token, next.question).catch((error: unknown) => refusal(error)),
    ])
    if (mine !== turn) return
    shown = { ...next, verdict, decision, parts: readParts(next.token) }
    for (const view of views) view.render(shown)
  }

  const desk: Desk = {
    settings,
    service,
    clock,
    shown: () => shown,
    source: () => sources[shown.signer],
    lay: (token, question = {}) => {
      const parts = readParts(token)
      const profile = parts.claims.value && profileOf(parts.header.value ?? {}, parts.claims.value)
      const alg = parts.header.value?.['alg']
      void update({
        token,
        question: { ...shown.question, ...question },
        ...(profile && { profile }),
        ...((alg === 'ES256' || alg === 'RS256') && { algorithm: alg }),
      })
    },
    ask: (question) => void update({ question: { ...shown.question, ...question } }),
    choose: (choice) => {
      shown = { ...shown, ...choice }
      if (choice.signer === undefined) return
      const { issuer: chosen } = sources[choice.signer]
      shown = { ...shown, question: { ...shown.question, issuer: chosen, audience: chosen } }
    },
    sign: async (claims) => {
      try {
        const { token, notice = '' } = await issue(claims ?? {})
        showProblem(notice)
        await update({ token })
      } catch (error) {
        if (!(error instanceof Error)) throw error
        showProblem(error.message)
      }
    },
    meaningOf: (code) => __ERROR_ROWS__[code],
  }

  const issue = async (payload: JsonObject): Promise<{ token: string; notice?: string }> => {
    const { profile, algorithm } = shown
    try {
      return { token: await sources[shown.signer].issue({ payload, profile, algorithm }) }
    } catch (error) {
      if (!(error instanceof SourceError) || !error.isUnreachable || shown.signer === 'page') throw error
      desk.choose({ signer: 'page' })
      const token = await page.issue({ payload: { ...payload, aud: BROWSER_ISSUER }, profile, algorithm })
      return { token, notice: `${error.message} From now on a key of this page signs.` }
    }
  }

  samplesView(desk)
  shareView(desk)
  const views: readonly View[] = [
    choicesView(desk),
    tokenView(desk),
    payloadView(desk),
    claimsView(desk),
    claimsForm(desk),
    askView(desk),
    chainView(desk),
    elsewhereView(desk),
    commandsView(desk),
  ]

  const openLink = (): boolean => {
    const shared = fromFragment(location.hash)
    if (shared) desk.lay(shared.token, shared.question)
    return shared !== undefined
  }
  addEventListener('hashchange', openLink)
  if (!openLink()) await desk.sign(DEFAULT_CLAIMS)
  setInterval(() => void update(), 1000)
  await keepForOffline()
}

/** A service that cannot be (without a name, say) is a mistake in the question. */
function refusal(error: unknown): Shown['decision'] {
  const known = error instanceof SciTokenError ? error : new ConfigError(String(error))
  const { code, family, message: reason } = known
  const nothing = { missing: [], grantedBy: undefined, normalizedPath: undefined, token: undefined } as const
  return { allowed: false, code, family, reason, ...nothing, issuer: undefined, subject: undefined, error: known }
}

function showProblem(text: string): void {
  const box = byId('problem')
  box.textContent = text
  box.hidden = text === ''
}

/** What the server says of itself and its keys; undefined where it cannot be had. */
async function askServer(): Promise<{ settings: Settings; jwks: unknown } | undefined> {
  try {
    const [settings, certs] = await Promise.all([fetch('settings.json'), fetch('oauth2/certs')])
    return { settings: (await settings.json()) as Settings, jwks: await certs.json() }
  } catch {
    return undefined
  }
}
