import { SciTokenError } from '@scitokens/core'
import { beginChain, derive, leafOf, type Link } from '../chain.ts'
import type { Desk } from '../desk.ts'
import { byId, el, show } from '../dom.ts'
import { distance } from '../moments.ts'
import { sentence } from './token-view.ts'

const NAMES = ['You', 'Your job', 'Its helper', 'The helper’s helper', 'The fifth', 'The sixth', 'The seventh']

/** A chain that grows: who has which token, and who may do what is asked above. */
export function chainView(desk: Desk): void {
  const links: Link[] = []
  const problem = byId('chain-problem')

  const attempt = async (work: () => Promise<void>): Promise<void> => {
    try {
      await work()
      problem.textContent = ''
    } catch (error) {
      problem.textContent = describe(error)
    }
    await draw()
  }

  const draw = async (): Promise<void> => {
    const cards = await Promise.all(links.map((link, index) => card(desk, link, index)))
    const last = links.at(-1)
    const form = last && links.length < NAMES.length ? deriveForm(desk, last, links, attempt) : undefined
    show(byId('chain'), el('ol', { class: 'chain' }, ...cards), form)
  }

  byId('begin-chain').addEventListener('click', () => {
    void attempt(async () => {
      const link = await beginChain(desk.source(), desk.shown().parts.claims.value ?? {})
      links.splice(0, links.length, link)
    })
  })
}

async function card(desk: Desk, link: Link, index: number): Promise<HTMLElement> {
  const { question } = desk.shown()
  const leaf = await leafOf(link, desk.clock).catch(() => undefined)
  const decision = leaf === undefined ? undefined : await desk.service.decide(leaf, question)
  const may = decision?.allowed === true
  return el(
    'li',
    { class: may ? 'good' : 'bad' },
    el(
      'h3',
      {},
      link.name,
      index === 0 ? el('small', {}, ' signed by the issuer') : el('small', {}, ' made from the one before'),
    ),
    el('p', {}, el('code', {}, link.scope)),
    el('p', { class: 'hint' }, `for ${link.audience}, ends ${distance(link.expiresAt, desk.clock())}`),
    el(
      'p',
      {},
      el('span', { class: 'mark', role: 'img', 'aria-label': may ? 'yes' : 'no' }, may ? '✓' : '✗'),
      ` may ${may ? '' : 'not '}${question.authz} ${question.path}`,
    ),
    el(
      'div',
      { class: 'actions' },
      el('button', { type: 'button', click: () => leaf && lay(desk, leaf) }, 'Show its leaf above'),
      el('button', { type: 'button', class: 'quiet', click: () => lay(desk, link.keyed) }, 'Show this link by itself'),
    ),
  )
}

function describe(error: unknown): string {
  if (error instanceof SciTokenError) return `${sentence(error.message)} (${error.code})`
  return error instanceof Error ? error.message : String(error)
}

function lay(desk: Desk, token: string): void {
  desk.lay(token)
  byId('workbench').focus()
}

function deriveForm(
  desk: Desk,
  parent: Link,
  links: Link[],
  attempt: (work: () => Promise<void>) => Promise<void>,
): HTMLElement {
  const name = NAMES[links.length]!
  const input = (label: string, hint: string, field: string, value: string): HTMLElement =>
    el('label', {}, `${label} `, el('small', {}, hint), el('input', { name: field, value, spellcheck: 'false' }))
  const form = el(
    'form',
    { class: 'derive', autocomplete: 'off' },
    el('h3', {}, `What does ${parent.name.toLowerCase()} hand on?`),
    input('Rights', 'within those before', 'scope', narrower(parent.scope)),
    input('Audience', 'among those before', 'audience', parent.audience),
    input('Life', 'seconds, not longer than before', 'lifetime', '300'),
    el('div', { class: 'actions' }, el('button', { type: 'submit', class: 'primary' }, 'Make the narrower token')),
  )
  form.addEventListener('submit', (event) => {
    event.preventDefault()
    const value = (field: string): string => (form.elements.namedItem(field) as HTMLInputElement).value
    const less = { scope: value('scope'), audience: value('audience'), lifetime: Number(value('lifetime')) }
    void attempt(async () => {
      links.push(await derive(parent, name, less, desk.clock))
    })
  })
  return form
}

/** A proposal: the first right, one directory further down. */
function narrower(scope: string): string {
  const [first = 'read:/'] = scope.split(' ')
  const [, right, path] = /^([^:]+):(\/.*)$/.exec(first) ?? []
  return right === undefined || path === undefined ? first : `${right}:${path.replace(/\/$/, '')}/run1`
}
