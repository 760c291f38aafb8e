import { ConfigError } from '@scitokens/core'
import { isGroupName, isLoopbackHost, LOOPBACK } from '@scitokens/core/internal'
import { html } from './html.ts'
import { type LoginKind, loginKind } from './login-kind.ts'
import type { LoginRequest, LoginStep, Upstream } from './upstream.ts'

/**
 * Believes whatever name is typed in: for trying things out on one's own machine. Refuses to start for an issuer whose URL is not on
 * a loopback host, and every request that does not come from this machine.
 */
export class DevelopmentLogin implements Upstream {
  /** What the audit calls it. */
  readonly name = 'development'

  /** Throws `config_error` for an issuer that is not on a loopback host. */
  checkIssuer(issuer: string): void {
    if (!isLoopbackHost(new URL(issuer).hostname)) {
      throw new ConfigError(
        'config_error',
        'login: the development login lets anybody in, so it works on a loopback issuer only',
      )
    }
  }

  /** Asks for a name, and believes it. */
  async step(request: LoginRequest): Promise<LoginStep> {
    if (!LOOPBACK.holds(request.remoteAddress) || !LOOPBACK.holds(request.localAddress)) {
      return {
        title: 'Not from here',
        form: html`<p>The development login works on this machine only.</p>`,
        status: 403,
      }
    }
    const subject = request.parameters.one('subject')
    if (request.method !== 'POST' || subject === undefined) return form(undefined)
    if (!/^[A-Za-z0-9_.@-]{1,64}$/.test(subject)) return form('A name has letters, digits and . _ @ - only.')
    const groups = (request.parameters.one('groups') ?? '').split(/[ ,]+/).filter((group) => group !== '')
    if (!groups.every(isGroupName)) return form('A group is a path such as /vo/group.')
    return { person: { subject, name: subject, groups, claims: { preferred_username: subject } } }
  }
}

function form(problem: string | undefined): LoginStep {
  return {
    title: 'Development login',
    ...(problem === undefined ? {} : { status: 400 }),
    form: html`<p class="notice"><strong>No password is asked for.</strong> This login believes any name. It is for trying things out.</p>
${problem === undefined ? undefined : html`<p role="alert">${problem}</p>`}
<label for="subject">Who are you?</label>
<input id="subject" name="subject" required autocomplete="username" autocapitalize="none" spellcheck="false" autofocus>
<label for="groups">Your groups, if any</label>
<input id="groups" name="groups" autocomplete="off" placeholder="/vo /vo/analysis" spellcheck="false">
<div class="actions"><button class="primary">Log in</button></div>`,
  }
}

/** Chosen by `development: {}`. */
export const developmentLogin: LoginKind = loginKind<object>({
  chosenBy: 'development',
  readers: {},
  secrets: [],
  open: () => new DevelopmentLogin(),
})
