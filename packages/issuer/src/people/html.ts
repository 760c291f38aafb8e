/** Text that may stand in a page as it is. Made by {@link html} only. */
export class Html {
  readonly text: string

  /** @internal */
  constructor(text: string) {
    this.text = text
  }
}

/** Writes HTML: every value is escaped unless it is {@link Html} itself; lists are joined, undefined is left out. */
export function html(strings: TemplateStringsArray, ...values: readonly HtmlValue[]): Html {
  return new Html(strings.map((part, index) => part + (index < values.length ? render(values[index]) : '')).join(''))
}

type HtmlValue = string | number | Html | undefined | readonly HtmlValue[]

function render(value: HtmlValue): string {
  if (value === undefined) return ''
  if (value instanceof Html) return value.text
  if (typeof value === 'string' || typeof value === 'number') return escape(String(value))
  return value.map(render).join('')
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
