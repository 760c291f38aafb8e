import { byId } from '../dom.ts'

const THEMES = ['automatic', 'light', 'dark'] as const
const SIGNS = { automatic: '◐', light: '○', dark: '●' } as const

/** Light, dark, or as the system has it. */
export function themeView(): void {
  const button = byId('theme')
  const apply = (theme: (typeof THEMES)[number]): void => {
    document.documentElement.dataset['theme'] = theme
    button.setAttribute('aria-label', `Colours: ${theme}`)
    button.title = `Colours: ${theme}`
    button.firstElementChild!.textContent = SIGNS[theme]
  }
  const stored = THEMES.find((theme) => theme === read())
  apply(stored ?? 'automatic')
  button.addEventListener('click', () => {
    const current = THEMES.find((theme) => theme === document.documentElement.dataset['theme']) ?? 'automatic'
    const next = THEMES[(THEMES.indexOf(current) + 1) % THEMES.length]!
    apply(next)
    try {
      localStorage.setItem('theme', next)
    } catch {
      // It holds until the page is closed.
    }
  })
}

function read(): string | null {
  try {
    return localStorage.getItem('theme')
  } catch {
    return null
  }
}
