import type { Desk, Shown, View } from '../desk.ts'
import { byId, el, setText, show } from '../dom.ts'
import { verifyByServer } from '../to-server.ts'

/**
 * Tokens of issuers elsewhere. The server keeps the keys of some, and is asked only when the reader says so; of any other the reader
 * can bring the keys.
 */
export function elsewhereView(desk: Desk): View {
  const box = byId('elsewhere')
  const server = el('div', {})
  const keys = keysForm(desk)
  box.append(server, keys)
  return {
    render(shown) {
      const iss = issuerOf(shown)
      const isElsewhere = iss !== undefined && desk.settings.trustedIssuers.includes(iss)
      showServer(desk, server, isElsewhere ? iss : undefined, shown.token)
      keys.hidden = iss === undefined || desk.service.issuers.includes(iss)
    },
  }
}

function issuerOf({ parts }: Shown): string | undefined {
  const iss = parts.claims.value?.['iss']
  return typeof iss === 'string' ? iss : undefined
}

function showServer(desk: Desk, box: HTMLElement, iss: string | undefined, token: string): void {
  if (iss === undefined) {
    show(box)
    return
  }
  const answer = el('p', { role: 'status' })
  const ask = (): void => void verdictOf(token).then((text) => setText(answer, text))
  show(
    box,
    el('p', { class: 'hint' }, `${desk.settings.issuer} keeps the keys of ${iss}. This sends the token to it.`),
    el('button', { type: 'button', 'data-token': token, click: ask }, 'Let the server verify it'),
    answer,
  )
}

async function verdictOf(token: string): Promise<string> {
  try {
    const response = await verifyByServer(token)
    const { Success, Error: reason } = (await response.json()) as { Success: boolean; Error: string }
    if (response.status === 503) return `The server could not decide: ${reason}.`
    return Success ? 'The server says: the token is good.' : `The server says: not good. ${reason}.`
  } catch {
    return 'The server cannot be reached.'
  }
}

/** Where the reader brings the keys of an issuer, so that its tokens are verified here. */
function keysForm(desk: Desk): HTMLElement {
  const problem = el('p', { class: 'field-problem', role: 'alert' })
  const area = el('textarea', { name: 'jwks', rows: '4', spellcheck: 'false', placeholder: '{"keys": […]}' })
  const learn = async (): Promise<void> => {
    const iss = issuerOf(desk.shown())
    if (iss === undefined) return
    try {
      await desk.service.learn(iss, JSON.parse(area.value))
      problem.textContent = ''
      desk.ask({ issuer: iss })
    } catch (error) {
      setText(problem, `These keys cannot be used: ${error instanceof Error ? error.message : String(error)}`)
    }
  }
  const form = el(
    'form',
    { autocomplete: 'off' },
    el('label', {}, 'Its key set ', el('small', {}, 'the document at its jwks_uri'), area),
    problem,
    el('div', { class: 'actions' }, el('button', { type: 'submit' }, 'Verify with these keys')),
  )
  form.addEventListener('submit', (event) => {
    event.preventDefault()
    void learn()
  })
  return el('details', { class: 'bring' }, el('summary', {}, 'Do you have the keys of its issuer?'), form)
}
