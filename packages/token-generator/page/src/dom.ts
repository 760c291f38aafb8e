import { hasHidden, showHidden } from '@scitokens/core/internal'

/** The element of the page with this id. */
export function byId(id: string): HTMLElement {
  const element = document.getElementById(id)
  if (!element) throw new Error(`the page has no element ${id}`)
  return element
}

/** What may stand in an element: text is never markup, and shows what is hidden in it. */
export type Child = Node | string | undefined

type Attributes = Readonly<Record<string, string | boolean | (() => void) | undefined>>

/**
 * Makes an element. Attributes that are functions listen to the event of their name; those that are undefined or false are left out.
 */
export function el<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag)
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === 'function') element.addEventListener(name, value)
    else if (value !== undefined && value !== false) element.setAttribute(name, value === true ? '' : value)
  }
  element.append(
    ...children
      .filter((child) => child !== undefined)
      .map((child) => (typeof child === 'string' ? showHidden(child) : child)),
  )
  return element
}

const shown = new WeakMap<Element, string>()

/**
 * Puts children into an element, unless what they say stands there already: what somebody is reading (or a screen reader has read) is
 * left alone.
 */
export function show(element: Element, ...children: readonly Child[]): void {
  const fresh = el('div', {}, ...children)
  const said = fresh.innerHTML
  if (shown.get(element) === said) return
  shown.set(element, said)
  element.replaceChildren(...fresh.childNodes)
}

/** Text in which words between backticks are code. */
export function rich(text: string): DocumentFragment {
  const fragment = document.createDocumentFragment()
  for (const [index, piece] of text.split('`').entries())
    fragment.append(index % 2 === 1 ? el('code', {}, piece) : showHidden(piece))
  return fragment
}

/**
 * Puts a value into a field. One with hidden characters is shown with their names and cannot be changed there, so that nobody takes it for
 * what it is not, and nothing of it is lost.
 */
export function fill(field: HTMLInputElement, value: string): void {
  if (fieldValue(field) === value) return
  const isHidden = hasHidden(value)
  field.value = isHidden ? showHidden(value) : value
  field.readOnly = isHidden
  if (isHidden) field.dataset['value'] = value
  else delete field.dataset['value']
}

/** What {@link fill} or the reader has put into a field. */
export function fieldValue(field: HTMLInputElement): string {
  return field.dataset['value'] ?? field.value
}

/** Puts text into an element. */
export function setText(element: Element, text: string): void {
  element.textContent = showHidden(text)
}

/** Calls `work` when nothing has happened for a while. */
export function afterPause(work: () => void, pauseMs = 400): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined
  return () => {
    clearTimeout(timer)
    timer = setTimeout(work, pauseMs)
  }
}
