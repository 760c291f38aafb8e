import { type Link, leafOf } from '../chain.ts'
import type { Desk } from '../desk.ts'
import { el } from '../dom.ts'
import type { Question } from '../service.ts'

/** Who may do what: every right that is anywhere in the chain, and the question above, asked of each holder's leaf. */
export async function chainTable(desk: Desk, links: readonly Link[], asked: Question): Promise<HTMLElement> {
  const leaves = await Promise.all(links.map((link) => leafOf(link, desk.clock).catch(() => undefined)))
  const rows = await Promise.all(
    questionsOf(links, asked).map(async ({ authz, path }) => {
      const cells = leaves.map(async (leaf) => {
        const decision = leaf === undefined ? undefined : await desk.service.decide(leaf, { ...asked, authz, path })
        const may = decision?.allowed === true
        const mark = el('span', { class: 'mark', role: 'img', 'aria-label': may ? 'yes' : 'no' }, may ? '✓' : '✗')
        return el('td', { class: may ? 'good' : 'bad' }, mark)
      })
      return el('tr', {}, el('th', { scope: 'row' }, el('code', {}, `${authz} ${path}`)), ...(await Promise.all(cells)))
    }),
  )
  const names = links.map(({ name }) => el('th', { scope: 'col' }, name))
  return el(
    'div',
    { class: 'wide', tabindex: '0', role: 'group', 'aria-label': 'Who may do what' },
    el(
      'table',
      {},
      el('caption', {}, 'Who may do what'),
      el('thead', {}, el('tr', {}, el('th', { scope: 'col' }, 'Request'), ...names)),
      el('tbody', {}, ...rows),
    ),
  )
}

/** The question above first, then the rights as requests, each once. */
function questionsOf(links: readonly Link[], { authz, path }: Question): readonly Pick<Question, 'authz' | 'path'>[] {
  const rights = links.flatMap(({ scope }) => scope.split(' ')).map((item) => /^([^:]+):(\/.*)$/.exec(item))
  const questions = [
    { authz, path },
    ...rights.flatMap((match) => (match ? [{ authz: match[1]!, path: match[2]! }] : [])),
  ]
  return [...new Map(questions.map((question) => [`${question.authz}:${question.path}`, question])).values()]
}
