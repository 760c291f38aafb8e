// The page: one desk with a token on it, and the parts of the page around it.
import type { Settings } from './desk.ts'
import { byId, setText } from './dom.ts'
import { fromFragment } from './fragment.ts'
import { keepForOffline } from './offline.ts'
import { Service } from './service.ts'
import { BROWSER_ISSUER, browserSource, serverSource } from './signing.ts'
import { SERVER_PATIENCE_MS } from './to-server.ts'
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
import { Workbench } from './workbench.ts'

/** The rows of docs/errors.md, put in by the bundler. */
declare const __ERROR_ROWS__: Readonly<Record<string, readonly [meaning: string, remedy: string]>>

const DEFAULT_CLAIMS = { sub: 'john', scope: 'read:/data/john write:/data/john/results' }
const WITHOUT_SERVER: Settings = { issuer: BROWSER_ISSUER, lifetime: 600, maxLifetime: 86_400, trustedIssuers: [] }

themeView()
const desk = await openDesk()
samplesView(desk)
shareView(desk)
desk.connect([
  choicesView(desk),
  tokenView(desk),
  payloadView(desk),
  claimsView(desk),
  claimsForm(desk),
  askView(desk),
  chainView(desk),
  elsewhereView(desk),
  commandsView(desk),
])
addEventListener('hashchange', openLink)
if (!openLink()) await desk.sign(DEFAULT_CLAIMS)
setInterval(() => void desk.refresh(), 1000)
await keepForOffline()

async function openDesk(): Promise<Workbench> {
  const clock = (): number => Date.now() / 1000
  const [page, server] = await Promise.all([browserSource(clock), askServer()])
  const settings = server?.settings ?? WITHOUT_SERVER
  const keys = { ...(server && { [settings.issuer]: server.jwks }), [BROWSER_ISSUER]: page.jwks }
  return new Workbench({
    settings,
    service: new Service({ keys, clock }),
    sources: { server: serverSource(settings.issuer), page },
    signer: server ? 'server' : 'page',
    clock,
    meanings: __ERROR_ROWS__,
    tell: (problem) => {
      setText(byId('problem'), problem)
      byId('problem').hidden = problem === ''
    },
  })
}

/** What the server says of itself and its keys, or said when it was last there; undefined where neither can be had. */
async function askServer(): Promise<{ settings: Settings; jwks: unknown } | undefined> {
  try {
    // Asked for anew: keys may have changed since the last visit.
    // A server that hangs is one that cannot be reached.
    const fresh = { cache: 'no-cache', signal: AbortSignal.timeout(SERVER_PATIENCE_MS) } as const
    const [settings, certs] = await Promise.all([fetch('settings.json', fresh), fetch('oauth2/certs', fresh)])
    return { settings: (await settings.json()) as Settings, jwks: await certs.json() }
  } catch {
    return undefined
  }
}

/** Lays down what a link carries. */
function openLink(): boolean {
  const shared = fromFragment(location.hash)
  if (shared) desk.lay(shared.token, shared.question)
  return shared !== undefined
}
