import { commandLines } from '../commands.ts'
import { copyButton } from '../copying.ts'
import type { Desk, View } from '../desk.ts'
import { byId, el, setText, show } from '../dom.ts'
import { openArea } from '../to-server.ts'

/** Lines for a shell, and the areas of the server that ask for a token. */
export function commandsView(desk: Desk): View {
  for (const button of document.querySelectorAll<HTMLButtonElement>('button[data-area]')) {
    button.addEventListener('click', () => void open(desk, button.dataset['area']!))
  }
  for (const button of document.querySelectorAll<HTMLButtonElement>('button[data-right]')) {
    button.addEventListener('click', () => {
      const issuer = desk.settings.issuer
      void desk.sign({ ...desk.shown().parts.claims.value, aud: issuer, scope: button.dataset['right']! })
      desk.ask({ authz: 'read', path: '/protected' })
    })
  }
  return {
    render({ parts, algorithm, profile }) {
      const lines = commandLines(desk.settings.issuer, parts.claims.value ?? {}, { algorithm, profile })
      show(byId('commands'), ...lines.map(({ title, line }) => commandLine(title, line)))
    },
  }
}

function commandLine(title: string, line: string): HTMLElement {
  return el(
    'div',
    { class: 'command' },
    el('h3', {}, title),
    el('pre', { tabindex: '0', role: 'group', 'aria-label': title }, line),
    copyButton(`Copy: ${title}`, 'Command', () => line),
  )
}

async function open(desk: Desk, area: string): Promise<void> {
  const answer = byId('area-answer')
  try {
    const response = await openArea(area, desk.shown().token)
    const challenge = response.headers.get('www-authenticate')
    const more = challenge === null ? '' : ` WWW-Authenticate: ${challenge}`
    setText(answer, `${response.status}: ${await response.text()}${more}`)
  } catch {
    answer.textContent = 'The server cannot be reached.'
  }
}
