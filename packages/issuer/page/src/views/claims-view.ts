import type { JsonObject, ProfileName } from '@scitokens/core'
import { type ClaimNote, claimNotes } from '../claim-notes.ts'
import type { Desk, Shown, View } from '../desk.ts'
import { afterPause, byId, el, show } from '../dom.ts'
import { formOf, withForm } from '../form-claims.ts'
import { PROFILE_TITLES, profileOf } from '../profile-of.ts'

const MARKS = { good: ['✓', 'good'], bad: ['✗', 'not good'], none: ['·', 'not judged'] } as const

/** What each claim says, with a verdict on each. */
export function claimsView(desk: Desk): View {
  return {
    render({ parts, question, now }) {
      const header = parts.header.value ?? {}
      const claims = parts.claims.value
      const profile = claims && profileOf(header, claims)
      show(byId('profile-note'), profileNote(claims, profile))
      const { issuers } = desk.service
      const notes = claims ? claimNotes(claims, { profile, issuers, audience: question.audience, now }) : []
      show(byId('claims'), notes.length === 0 ? undefined : table(notes))
    },
  }
}

function profileNote(claims: JsonObject | undefined, profile: ProfileName | undefined): string {
  if (!claims) return 'There are no claims to be read.'
  if (!profile) return 'It names a version that nobody here knows.'
  return `Judged by the rules of ${PROFILE_TITLES[profile]}, each by itself.`
}

function table(notes: readonly ClaimNote[]): HTMLElement {
  const rows = notes.map(({ name, value, verdict, reason }) => {
    const [mark, said] = MARKS[verdict]
    return el(
      'li',
      { class: verdict },
      el('span', { class: 'mark', role: 'img', 'aria-label': said }, mark),
      el('code', { class: 'name' }, name),
      el('span', { class: 'value' }, value),
      el('span', { class: 'reason' }, reason),
    )
  })
  return el('ul', { class: 'claims' }, ...rows)
}

/** The usual claims as a form beside the JSON. */
export function claimsForm(desk: Desk): View {
  const form = byId('claims-form') as HTMLFormElement
  const field = (name: string): HTMLInputElement => form.elements.namedItem(name) as HTMLInputElement
  const NAMES = ['sub', 'aud', 'scope', 'groups'] as const
  const sign = afterPause(() => {
    const value = (name: (typeof NAMES)[number]): string => field(name).value
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
      for (const name of NAMES) if (field(name).value !== values[name]) field(name).value = values[name]
    },
  }
}
