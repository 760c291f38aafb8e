import { showHidden } from '@scitokens/core/internal'

/** Text that may stand in a page as it is. Made by {@link html} only. */
export class Html {
  /** The HTML itself. */
  readonly text: string

  /**
   * Made by {@link html} alone.
   *
   * @internal
   */
  constructor(text: string) {
    this.text = text
  }
}

/**
 * Writes HTML: every value is escaped unless it is {@link Html} itself; lists are joined, undefined is left out. Between tags, where people read
 * it, what is hidden in a value is shown; in attributes values stay what they are, since forms send them back.
 */
export function html(strings: TemplateStringsArray, ...values: readonly HtmlValue[]): Html {
  let text = ''
  let isInTag = false
  for (const [index, part] of strings.entries()) {
    text += part
    const [opened, closed] = [part.lastIndexOf('<'), part.lastIndexOf('>')]
    if (opened !== closed) isInTag = opened > closed
    if (index < values.length) text += render(values[index], isInTag)
  }
  return new Html(text)
}

type HtmlValue = string | number | Html | undefined | readonly HtmlValue[]

function render(value: HtmlValue, isInTag: boolean): string {
  if (value === undefined) return ''
  if (value instanceof Html) return value.text
  if (typeof value === 'string' || typeof value === 'number') {
    return escape(isInTag ? String(value) : showHidden(String(value)))
  }
  return value.map((each) => render(each, isInTag)).join('')
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

function escape(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => ENTITIES[character]!)
}
