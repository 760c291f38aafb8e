import { execFile } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { scitokens, temporaryDirectory } from './support/scitokens.ts'

const run = promisify(execFile)

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

test('bash completes commands, subcommands and options', async () => {
  const file = join(temporaryDirectory(), 'completion.bash')
  writeFileSync(file, (await scitokens(['completion', 'bash'])).stdout)
  const complete = async (...words: string[]): Promise<string[]> => {
    const script = `source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _scitokens; printf '%s\\n' "\${COMPREPLY[@]}"`
    const { stdout } = await run('bash', ['-c', script, 'bash', file, ...words], { cwd: temporaryDirectory() })
    return stdout.trim().split('\n')
  }
  expect(await complete('scitokens', 'ver')).toEqual(['verify'])
  expect(await complete('scitokens', 'create', '--cl')).toEqual(['--claim', '--claim-json'])
  expect(await complete('scitokens', 'token-manager', 'se')).toEqual(['serve'])
  expect(await complete('scitokens', 'token-manager', 'serve', '--queue')).toEqual(['--queue-manager'])
  expect(await complete('scitokens', 'completion', '--js')).toEqual(['--json'])
})

test('the scripts for zsh and fish know every command', async () => {
  const [zsh, fish] = await Promise.all([scitokens(['completion', 'zsh']), scitokens(['completion', 'fish'])])
  for (const name of ['keygen', 'verify', 'token-manager', 'keycache', 'attenuate']) {
    expect(zsh.stdout).toContain(`'${name}:`)
    expect(fish.stdout).toContain(`-a ${name} `)
  }
  for (const { stdout } of [zsh, fish]) expect(stdout.match(/(?<!\\)'/g)!.length % 2).toBe(0)
})
