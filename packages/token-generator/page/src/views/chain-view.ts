import { SciTokenError } from '@scitokens/core'
import { beginChain, derive, leafOf, type Link } from '../chain.ts'
import type { Desk, View } from '../desk.ts'
import { byId, el, setText } from '../dom.ts'
import { dateOf } from '../moments.ts'
import type { Question } from '../service.ts'
import { chainTable } from './chain-table.ts'
import { sentence } from './token-view.ts'

const NAMES = ['You', 'Your job', 'Its helper', 'The helper’s helper', 'The fifth', 'The sixth', 'The seventh']

/** A chain that grows: who has which token, and who may do what. */
export function chainView(desk: Desk): View {
  const links: Link[] = []
  const problem = byId('chain-problem')
  const table = el('div')
  let asked = ''

  const attempt = async (work: () => Promise<void>): Promise<void> => {
    try {
      await work()
      problem.textContent = ''
    } catch (error) {
      setText(problem, describe(error))
      return
    }
    draw()
  }
  const draw = (): void => {
    const last = links.at(-1)
    const form = last && links.length < NAMES.length ? deriveForm(last, links.length, grow) : ''
    byId('chain').replaceChildren(
      el('ol', { class: 'chain' }, ...links.map((link, at) => card(desk, link, at))),
      table,
      form,
    )
    ask(desk.shown().question)
  }
  const ask = (question: Question): void => {
    if (links.length === 0) return
    asked = JSON.stringify(question)
    void chainTable(desk, links, question).then(
      (fresh) => table.replaceChildren(fresh),
      () => table.replaceChildren(),
    )
  }
  const grow = (...less: Parameters<Derive>): void =>
    void attempt(async () => {
      links.push(await derive(links.at(-1)!, NAMES[links.length]!, ...less, desk.clock))
    })

  byId('begin-chain').addEventListener('click', () => {
    void attempt(async () => {
      const link = await beginChain(desk.source(), desk.shown().parts.claims.value ?? {})
      links.splice(0, links.length, link)
    })
  })
  return {
    render({ question }) {
      if (JSON.stringify(question) !== asked) ask(question)
    },
  }
}

type Derive = (less: Parameters<typeof derive>[2]) => void

function describe(error: unknown): string {
  if (error instanceof SciTokenError) return `${sentence(error.message)} (${error.code})`
  return error instanceof Error ? error.message : String(error)
}

function card(desk: Desk, link: Link, at: number): HTMLElement {
  const lay = (token: string): void => {
    desk.lay(token)
    byId('workbench').focus()
  }
  const showLeaf = (): void => void leafOf(link, desk.clock).then(lay, () => lay(link.keyed))
  return el(
    'li',
    {},
    el('h3', {}, link.name, el('small', {}, at === 0 ? ' signed by the issuer' : ' made by the one before')),
    el('p', {}, el('code', {}, link.scope)),
    el('p', { class: 'hint' }, `for ${link.audience}, until ${dateOf(link.expiresAt)}`),
    el(
      'div',
      { class: 'actions' },
      el('button', { type: 'button', 'aria-label': `Show its leaf: ${link.name}`, click: showLeaf }, 'Show its leaf'),
      el(
        'button',
        {
          type: 'button',
          class: 'quiet',
          'aria-label': `Show the link: ${link.name}`,
          click: () => lay(link.keyed),
        },
        'Show the link',
      ),
    ),
  )
}

function deriveForm(parent: Link, depth: number, grow: Derive): HTMLElement {
  const input = (label: string, hint: string, field: string, value: string): HTMLElement =>
    el('label', {}, `${label} `, el('small', {}, hint), el('input', { name: field, value, spellcheck: 'false' }))
  const form = el(
    'form',
    { class: 'derive', autocomplete: 'off' },
    el('h3', {}, depth === 1 ? 'What do you hand on?' : `What does ${parent.name.toLowerCase()} hand on?`),
    input('Rights', 'within those before', 'scope', narrower(parent.scope, depth)),
    input('Audience', 'among those before', 'audience', parent.audience),
    input('Life', 'seconds, not longer than before', 'lifetime', '300'),
    el('div', { class: 'actions' }, el('button', { type: 'submit', class: 'primary' }, 'Make the narrower token')),
  )
  form.addEventListener('submit', (event) => {
    event.preventDefault()
    const value = (field: string): string => (form.elements.namedItem(field) as HTMLInputElement).value
    grow({ scope: value('scope'), audience: value('audience'), lifetime: Number(value('lifetime')) })
  })
  return form
}

/** A proposal: the first right, one directory further down. */
function narrower(scope: string, depth: number): string {
  const [first = 'read:/'] = scope.split(' ')
  const [, right, path] = /^([^:]+):(\/.*)$/.exec(first) ?? []
  return right === undefined || path === undefined ? first : `${right}:${path.replace(/\/$/, '')}/run${depth}`
}
