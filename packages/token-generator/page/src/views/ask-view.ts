import type { Decision, ValidatedToken } from '@scitokens/enforcer'
import type { Desk, Shown, View } from '../desk.ts'
import { byId, el, fieldValue, fill, rich, show } from '../dom.ts'
import { isChain } from '../profile-of.ts'
import { scopeReasons } from '../scope-reasons.ts'
import { stepsOf } from '../steps.ts'
import { sentence } from './token-view.ts'

const OPERATIONS: readonly (readonly [group: string, names: readonly string[]])[] = [
  ['SciTokens', ['read', 'write', 'queue', 'execute']],
  ['WLCG storage', ['storage.read', 'storage.create', 'storage.modify', 'storage.stage', 'storage.poll']],
  ['WLCG compute', ['compute.read', 'compute.create', 'compute.modify', 'compute.cancel']],
]

const MARKS = { passed: '✓', failed: '✗', 'not reached': '–' } as const

/** A question to a service, and its answer with the reasons. */
export function askView(desk: Desk): View {
  const form = byId('ask') as HTMLFormElement
  const field = (name: string): HTMLInputElement => form.elements.namedItem(name) as HTMLInputElement
  const NAMES = ['issuer', 'audience', 'authz', 'path'] as const
  const operations = form.elements.namedItem('authz') as HTMLSelectElement
  operations.append(
    ...OPERATIONS.map(([label, names]) => el('optgroup', { label }, ...names.map((name) => el('option', {}, name)))),
  )
  byId('known-issuers').append(...desk.service.issuers.map((value) => el('option', { value })))
  form.addEventListener('input', () => {
    desk.ask(Object.fromEntries(NAMES.map((name) => [name, fieldValue(field(name))])))
  })
  form.addEventListener('submit', (event) => event.preventDefault())
  return {
    render(shown) {
      for (const name of NAMES) {
        const element = field(name)
        if (document.activeElement !== element) fill(element, shown.question[name])
      }
      showAnswer(desk, shown)
    },
  }
}

function showAnswer(desk: Desk, { decision, question, parts }: Shown): void {
  const box = byId('decision')
  box.className = `verdict ${decision.allowed ? 'good' : 'bad'}`
  show(box, ...(decision.allowed ? yes(decision) : no(desk, decision)))
  show(
    byId('steps'),
    ...stepsOf(decision.allowed ? undefined : decision.error, isChain(parts.header.value)).map(({ title, outcome }) =>
      el(
        'li',
        { class: outcome === 'not reached' ? 'none' : outcome === 'passed' ? 'good' : 'bad' },
        el('span', { class: 'mark', role: 'img', 'aria-label': outcome }, MARKS[outcome]),
        title,
      ),
    ),
  )
  show(byId('scopes'), rights(decision, question.authz))
}

function yes({ reason, subject, normalizedPath }: Extract<Decision, { allowed: true }>): HTMLElement[] {
  const whose = subject === undefined ? '' : ` for ${subject}`
  const where = normalizedPath === undefined ? '' : ` The path that was judged is ${normalizedPath}.`
  return [el('strong', {}, 'Yes, allowed'), el('p', {}, `${reason}${whose}.${where}`)]
}

function no(desk: Desk, { code, reason, missing }: Extract<Decision, { allowed: false }>): HTMLElement[] {
  const [meaning, remedy] = desk.meaningOf(code) ?? []
  const more = meaning === undefined ? [] : [el('p', { class: 'hint' }, rich(`${meaning} ${remedy}`))]
  // Core's sentence names what is missing, as a rule.
  const isNamed = missing.every((scope) => reason.includes(scope))
  const needed = isNamed ? '' : ` It would need ${missing.join(' or ')}.`
  return [el('strong', {}, 'No ', el('code', {}, code)), el('p', {}, `${sentence(reason)}${needed}`), ...more]
}

/** Why each right does or does not cover it, where it came to that. */
function rights({ token, normalizedPath }: Decision<ValidatedToken>, authz: string): HTMLElement | undefined {
  if (!token || token.scopes.length === 0) return undefined
  const rows = scopeReasons(token.scopes, { authz, path: normalizedPath }, token.profile)
  const items = rows.map(({ scope, covers, reason }) =>
    el(
      'li',
      { class: covers ? 'good' : 'none' },
      el('span', { class: 'mark', 'aria-hidden': 'true' }, covers ? '✓' : '·'),
      el('span', {}, el('code', {}, scope), ` ${reason}`),
    ),
  )
  return el('div', {}, el('h3', {}, 'Its rights'), el('ul', { class: 'steps' }, ...items))
}
