import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { scitokens } from './support/scitokens.ts'

test('docs/cli.md is what the commands say of themselves (npm run -s scitokens -- man --markdown > docs/cli.md)', async () => {
  const page = readFileSync(join(import.meta.dirname, '../../../docs/cli.md'), 'utf8')
  expect((await scitokens(['man', '--markdown'])).stdout).toBe(page)
})

test('the manual page names every command and option, and is plain man(7)', async () => {
  const [page, reference] = await Promise.all([scitokens(['man']), scitokens(['man', '--json'])])
  expect(page.stdout).toMatch(/^\.TH SCITOKENS 1/)
  const { commands } = reference.json<{ commands: Described[] }>()
  const all = commands.flatMap(function flat(command): Described[] {
    return [command, ...command.subcommands.flatMap(flat)]
  })
  for (const { path, options } of all) {
    expect(page.stdout).toContain(`.SS scitokens ${path.join(' ').replaceAll('-', '\\-')}`)
    for (const { flags } of options) expect(page.stdout).toContain(flags.replaceAll('-', '\\-'))
  }
  // Every line that begins with a dot is a request that man(7) knows.
  const requests = new Set(
    page.stdout
      .split('\n')
      .filter((line) => /^[.']/.test(line))
      .map((line) => line.split(' ')[0]),
  )
  for (const request of requests)
    expect(['.TH', '.SH', '.SS', '.B', '.I', '.TP', '.PP', '.nf', '.fi', '.RS', '.RE']).toContain(request)
})

interface Described {
  readonly path: readonly string[]
  readonly options: readonly { readonly flags: string }[]
  readonly subcommands: readonly Described[]
}
