import { copy } from '../copying.ts'
import type { Desk } from '../desk.ts'
import { byId } from '../dom.ts'
import { toFragment } from '../fragment.ts'

/** A link to what is shown, in the part of the address that browsers keep to themselves. */
export function shareView(desk: Desk): void {
  byId('share').addEventListener('click', () => {
    const { token, question } = desk.shown()
    history.replaceState(null, '', toFragment({ token, question }))
    void copy(location.href, 'Link, with the token in it,')
  })
}
