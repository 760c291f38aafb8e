import type { Desk, Shown, View } from '../desk.ts'
import { byId, el, rich, show } from '../dom.ts'
import { copy } from '../copying.ts'
import { Editor, paint } from '../editor.ts'
import { jsonPieces } from '../json-pieces.ts'
import { isChain } from '../profile-of.ts'
import { distance } from '../moments.ts'
import { segmentsOf, tidyToken } from '../segments.ts'
import type { Verdict } from '../service.ts'
import { stepsOf } from '../steps.ts'

/** The encoded token, which can be pasted over, and what is to be said about it as a whole. */
export function tokenView(desk: Desk): View {
  const editor = new Editor(byId('encoded-editor'), segmentsOf, (text) => desk.lay(tidyToken(text)))
  editor.onLeave(() => {
    editor.text = desk.shown().token
  })
  byId('copy-token').addEventListener('click', () => void copy(desk.shown().token, 'Token'))
  byId('new-token').addEventListener('click', () => void desk.sign(desk.shown().parts.claims.value ?? {}))
  return {
    render(shown) {
      // What is being typed is left as it is; what was pasted is shown as it was understood.
      if (!editor.hasFocus || tidyToken(editor.text) !== shown.token) editor.text = shown.token
      showHeader(shown)
      showVerdict(desk, shown)
      show(byId('signature-note'), signatureNote(shown))
    },
  }
}

function showHeader({ parts }: Shown): void {
  const { text, problem } = parts.header
  const pieces = paint(jsonPieces(text))
  show(byId('header-json'), ...(problem === undefined ? pieces : [text, el('em', {}, problem)]))
}

function showVerdict(desk: Desk, { verdict }: Shown): void {
  const box = byId('verdict')
  byId('verdict-box').className = `verdict ${verdict.acceptable ? 'good' : 'bad'}`
  // Beside what is read out: nobody wants to hear the seconds.
  const ends = verdict.acceptable ? `It ends ${distance(verdict.token.expiresAt, desk.clock())}.` : ''
  show(byId('countdown'), ends)
  if (verdict.acceptable) {
    const { issuer, header, verified } = verdict.token
    const by = verified.links ? `a chain of ${verified.links.length} links that begins at ${issuer}` : issuer
    show(box, el('strong', {}, 'This token is good'), el('p', {}, `Signed by ${by}${keyOf(header['kid'])}.`))
    return
  }
  const { code, message } = verdict.error
  const [meaning, remedy] = desk.meaningOf(code) ?? []
  show(
    box,
    el('strong', {}, 'This token is not good ', el('code', {}, code)),
    el('p', {}, sentence(message)),
    meaning === undefined ? undefined : el('p', { class: 'hint' }, rich(`${meaning} ${remedy}`)),
  )
}

function signatureNote({ parts, verdict }: Shown): string {
  const { signatureBytes, header } = parts
  const name = header.value?.['alg']
  const alg = typeof name === 'string' ? name : 'Unknown algorithm'
  const size = signatureBytes === undefined ? 'no base64url' : `${signatureBytes} bytes`
  const steps = stepsOf(verdict.acceptable ? undefined : verdict.error, isChain(header.value))
  switch (steps.find((step) => step.name === 'signature')!.outcome) {
    case 'passed':
      return isChain(header.value)
        ? `${alg}, ${size}: checked in this page like that of every link, and the first is the issuer’s.`
        : `${alg}, ${size}: checked in this page, and it is the issuer’s.`
    case 'failed':
      if (!hasKey(verdict)) return `${alg}, ${size}: not checked, as the issuer has no such key.`
      return isChain(header.value)
        ? `${alg}, ${size}: checked in this page, and a link is not signed by the key that it should be.`
        : `${alg}, ${size}: checked in this page, and it is not the issuer’s.`
    case 'not reached':
      return `${alg}, ${size}: not looked at, as the token is refused before.`
  }
}

function hasKey(verdict: Verdict): boolean {
  return verdict.acceptable || ['bad_signature', 'broken_chain'].includes(verdict.error.code)
}

function keyOf(kid: unknown): string {
  return typeof kid === 'string' ? ` with the key ${kid}` : ''
}

/** Core's messages begin small and end without a full stop. */
export function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`
}
