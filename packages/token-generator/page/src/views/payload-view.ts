import { afterPause, byId } from '../dom.ts'
import type { Desk, View } from '../desk.ts'
import { Editor } from '../editor.ts'
import { jsonPieces } from '../json-pieces.ts'

/** The claims as JSON: whoever changes them gets a new token. */
export function payloadView(desk: Desk): View {
  const problem = byId('payload-problem')
  let isChanged = false
  const sign = afterPause(() => {
    let claims: unknown
    try {
      const typed: unknown = JSON.parse(editor.text)
      // What a link of a chain says stands in an array; what is signed here is a token.
      claims = Array.isArray(typed) && typed.length === 1 ? (typed as unknown[])[0] : typed
    } catch {
      problem.textContent = 'This is not JSON yet.'
      return
    }
    if (typeof claims !== 'object' || claims === null || Array.isArray(claims)) {
      problem.textContent = 'Claims are a JSON object.'
      return
    }
    problem.textContent = ''
    void desk.sign(claims as Parameters<Desk['sign']>[0])
  })
  const editor = new Editor(byId('payload-editor'), jsonPieces, () => {
    isChanged = true
    sign()
  })
  const bringUp = (): void => {
    editor.text = desk.shown().parts.claims.text
  }
  editor.onLeave(() => {
    if (problem.textContent === '') bringUp()
  })
  return {
    render({ parts }) {
      if (editor.hasFocus && isChanged) return
      isChanged = false
      editor.text = parts.claims.text
    },
  }
}
