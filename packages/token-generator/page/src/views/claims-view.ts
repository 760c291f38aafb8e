import type { JsonObject, ProfileName } from '@scitokens/core'
import { type ClaimNote, claimNotes } from '../claim-notes.ts'
import type { Desk, Shown, View } from '../desk.ts'
import { afterPause, byId, el, fieldValue, fill, show } from '../dom.ts'
import { formOf, withForm } from '../form-claims.ts'
import { PROFILE_TITLES, profileOf } from '../profile-of.ts'

const MARKS = { good: ['✓', 'good'], bad: ['✗', 'not good'], none: ['·', 'not judged'] } as const

/** What each claim says, with a verdict on each. */
export function claimsView(desk: Desk): View {
  const list = el('ul', { class: 'claims' })
  byId('claims').append(list)
  return {
    render({ parts, question, now }) {
      const header = parts.header.value ?? {}
      const claims = parts.claims.value
      const profile = claims && profileOf(header, claims)
      show(byId('profile-note'), profileNote(claims, profile))
      const { issuers } = desk.service
      const notes = claims ? claimNotes(claims, { profile, issuers, audience: question.audience, now }) : []
      while (list.children.length > notes.length) list.lastElementChild!.remove()
      // Line by line: a time that goes on leaves the others alone, and what is selected in them.
      for (const [at, note] of notes.entries()) showNote(list.children[at] ?? list.appendChild(el('li')), note)
    },
  }
}

function profileNote(claims: JsonObject | undefined, profile: ProfileName | undefined): string {
  if (!claims) return 'There are no claims to be read.'
  if (!profile) return 'It names a version that nobody here knows.'
  return `Judged by the rules of ${PROFILE_TITLES[profile]}, each by itself.`
}

function showNote(line: Element, { name, value, verdict, reason }: ClaimNote): void {
  const [mark, said] = MARKS[verdict]
  line.className = verdict
  show(
    line,
    el('span', { class: 'mark', role: 'img', 'aria-label': said }, mark),
    el('code', { class: 'name' }, name),
    el('span', { class: 'value' }, value),
    el('span', { class: 'reason' }, reason),
  )
}

/** The usual claims as a form beside the JSON. */
export function claimsForm(desk: Desk): View {
  const form = byId('claims-form') as HTMLFormElement
  const field = (name: string): HTMLInputElement => form.elements.namedItem(name) as HTMLInputElement
  const NAMES = ['sub', 'aud', 'scope', 'groups'] as const
  const sign = afterPause(() => {
    const value = (name: (typeof NAMES)[number]): string => fieldValue(field(name))
    const said = { sub: value('sub'), aud: value('aud'), scope: value('scope'), groups: value('groups') }
    const exp = Math.floor(desk.clock()) + Number(field('life').value)
    const claims = withForm(desk.shown().parts.claims.value ?? {}, said)
    void desk.sign({ ...claims, exp })
  })
  form.addEventListener('input', sign)
  form.addEventListener('submit', (event) => event.preventDefault())
  return {
    render({ parts }: Shown) {
      if (form.contains(document.activeElement)) return
      const values = formOf(parts.claims.value ?? {})
      for (const name of NAMES) fill(field(name), values[name])
    },
  }
}
