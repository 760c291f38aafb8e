import type { Desk, View } from '../desk.ts'
import { byId, el, show } from '../dom.ts'

/** Tokens of issuers elsewhere: the server keeps the keys of some, and is asked only when the reader says so. */
export function elsewhereView(desk: Desk): View {
  const { issuer: own, trustedIssuers } = desk.settings
  const answer = el('p', { role: 'status' })
  let askedFor = ''
  return {
    render({ token, parts }) {
      const iss = parts.claims.value?.['iss']
      const isElsewhere = typeof iss === 'string' && trustedIssuers.includes(iss)
      if (askedFor !== token) answer.textContent = ''
      if (!isElsewhere) {
        show(byId('elsewhere'))
        return
      }
      const ask = (): void => {
        askedFor = token
        void verdictOf(token).then((text) => (answer.textContent = text))
      }
      const button = el('button', { type: 'button', click: ask }, 'Let the server verify it')
      const note = el('p', { class: 'hint' }, `${own} keeps the keys of ${iss}. This sends the token to it.`)
      show(byId('elsewhere'), note, button, answer)
    },
  }
}

async function verdictOf(token: string): Promise<string> {
  try {
    const response = await fetch('verify', { method: 'POST', body: JSON.stringify({ token }) })
    const { Success, Error: reason } = (await response.json()) as { Success: boolean; Error: string }
    if (response.status === 503) return `The server could not decide: ${reason}.`
    return Success ? 'The server says: the token is good.' : `The server says: not good. ${reason}.`
  } catch {
    return 'The server cannot be reached.'
  }
}
