/**
 * Whether output is as the page shows it. `…` stands for any text within a line, and on a line of its own for any number
 * of lines. White space at the end is not compared.
 */
export function isAsShown(shown: string, actual: string): boolean {
  const tidy = (text: string): string => text.replace(/[ \t\r]+$/gm, '').trimEnd()
  const pattern = tidy(shown)
    .split('\n')
    .map((line) => {
      if (line.trim() === '…') return '(?:.*\\n)*'
      return `${line.split('…').map(literally).join('.*')}\\n`
    })
    .join('')
  return new RegExp(`^${pattern}$`).test(`${tidy(actual)}\n`)
}

function literally(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&')
}
