import { setText } from './dom.ts'

/** A piece of coloured text; the class is its colour. */
export interface Piece {
  readonly kind: string
  readonly text: string
}

/**
 * A text area whose text has colours: a painted copy lies below it, and the area itself is transparent. Undo, selection, paste and
 * screen readers are the browser's own.
 */
export class Editor {
  readonly #area: HTMLTextAreaElement
  readonly #paint: HTMLPreElement
  readonly #pieces: (text: string) => readonly Piece[]

  constructor(root: HTMLElement, pieces: (text: string) => readonly Piece[], onInput: (text: string) => void) {
    this.#area = root.querySelector('textarea')!
    this.#paint = root.querySelector('pre')!
    this.#pieces = pieces
    this.#area.addEventListener('input', () => {
      this.#repaint()
      onInput(this.#area.value)
    })
  }

  get hasFocus(): boolean {
    return document.activeElement === this.#area
  }

  get text(): string {
    return this.#area.value
  }

  set text(text: string) {
    if (this.#area.value === text) return
    this.#area.value = text
    this.#repaint()
  }

  /** Called when the reader leaves it. */
  onLeave(work: () => void): void {
    this.#area.addEventListener('blur', work)
  }

  #repaint(): void {
    this.#paint.replaceChildren(...paint(this.#pieces(this.#area.value)), '\n')
  }
}

/** Pieces as elements. */
export function paint(pieces: readonly Piece[]): HTMLElement[] {
  return pieces.map(({ kind, text }) => {
    const span = document.createElement('span')
    span.className = kind
    setText(span, text)
    return span
  })
}
