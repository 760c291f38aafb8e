import { SAMPLES, type Sample } from '../../../src/tokens/samples.ts'
import { copyButton } from '../copying.ts'
import type { Desk } from '../desk.ts'
import { byId, el, rich, show } from '../dom.ts'
import { sentence } from './token-view.ts'

/** The gallery of broken tokens: each is made and judged when it is opened. */
export function samplesView(desk: Desk): void {
  byId('samples').append(...SAMPLES.map((sample) => card(desk, sample)))
  addEventListener('hashchange', openNamed)
  openNamed()
}

/** Opens the sample that the address names: `#sample-traversal`. */
function openNamed(): void {
  const named = document.getElementById(location.hash.slice(1))
  if (!(named instanceof HTMLDetailsElement) || !named.id.startsWith('sample-')) return
  named.open = true
  named.scrollIntoView()
}

function card(desk: Desk, sample: Sample): HTMLElement {
  const { title, code, explanation, name } = sample
  const answer = el('div', { role: 'status' })
  const details = el(
    'details',
    { name: 'sample', class: code === undefined ? 'good' : 'bad' },
    el('summary', {}, el('span', {}, title), el('code', {}, code ?? 'allowed')),
    el('p', {}, explanation),
    answer,
  )
  details.id = `sample-${name}`
  details.addEventListener('toggle', () => {
    if (details.open) void open(desk, sample, answer)
  })
  return details
}

async function open(desk: Desk, sample: Sample, answer: HTMLElement): Promise<void> {
  let token: string
  try {
    token = await desk.makeSample(sample)
  } catch (error) {
    show(answer, error instanceof Error ? error.message : String(error))
    return
  }
  const { issuer } = desk.source()
  const question = { issuer, audience: issuer, ...sample.question }
  const line = `curl -s ${desk.settings.issuer}/samples/${sample.name}`
  const decision = await desk.service.decide(token, question)
  const [meaning, remedy] = decision.allowed ? [] : (desk.meaningOf(decision.code) ?? [])
  const asked = `Asked whether it may ${question.authz} ${question.path}:`
  const code = decision.allowed ? 'allowed' : decision.code
  answer.replaceChildren(
    el('p', {}, `${asked} `, el('code', {}, code), ` — ${sentence(decision.reason)}`),
    el('p', { class: 'hint' }, meaning === undefined ? '' : rich(`${meaning} ${remedy}`)),
    el(
      'div',
      { class: 'actions' },
      el('button', { type: 'button', click: () => layDown(desk, token, question) }, 'Put it on the table'),
      copyButton(`Copy the token: ${sample.title}`, 'Token', () => token),
    ),
    el(
      'div',
      { class: 'command' },
      el('pre', { tabindex: '0', role: 'group', 'aria-label': 'The same in a shell' }, line),
      copyButton(`Copy the command: ${sample.title}`, 'Command', () => line),
    ),
  )
}

function layDown(desk: Desk, token: string, question: Parameters<Desk['ask']>[0]): void {
  desk.lay(token, question)
  byId('workbench').focus()
}
