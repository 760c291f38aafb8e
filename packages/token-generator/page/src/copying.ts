import { byId, el } from './dom.ts'

/** Says something in passing, to those who look and to those who listen. */
function say(text: string): void {
  const said = byId('said')
  said.textContent = text
  said.classList.remove('hidden')
  setTimeout(() => {
    if (said.textContent !== text) return
    said.classList.add('hidden')
    said.textContent = ''
  }, 4000)
}

/** Puts text onto the clipboard and says so. */
export async function copy(text: string, what: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(text)
    say(`${what} copied.`)
  } catch {
    say('The browser does not let this page copy.')
  }
}

/** A button that copies. */
export function copyButton(label: string, what: string, text: () => string): HTMLButtonElement {
  return el(
    'button',
    { type: 'button', class: 'quiet', 'aria-label': label, click: () => void copy(text(), what) },
    'Copy',
  )
}
