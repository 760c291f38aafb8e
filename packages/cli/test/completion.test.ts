import { needs } from '@scitokens-tests/programs'
import { execFile } from '@scitokens-tests/programs/processes'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { beforeAll, describe, expect, test } from 'vitest'
import type { Shell } from '../src/completion/completion.ts'
import { scitokens, temporaryDirectory } from './support/scitokens.ts'
import { TERMINAL, Terminal } from './support/terminal.ts'

const run = promisify(execFile)

/** What a person types, with Tab in it, and the words that the program then gets. */
const CASES: readonly (readonly [keys: string, words: string])[] = [
  ['ver\t', '<verify>'],
  ['create --claim-\t', '<create><--claim-json>'],
  ['token-manager cre\t', '<token-manager><credmon>'],
  ['token-manager serve --queue\t', '<token-manager><serve><--queue-manager>'],
  ['keycache li\t', '<keycache><list>'],
  ['login --flow dev\t', '<login><--flow><device>'],
  ['completion fi\t', '<completion><fish>'],
  ['verify --token-file my-t\t', '<verify><--token-file><my-token.txt>'],
]

/** How each shell is started with the completion script, and a program that says which words it got. */
const SHELLS: Readonly<Record<Shell, (script: string, directory: string) => { command: string[]; setUp: string[] }>> = {
  bash: (script) => ({
    command: ['bash', '--norc', '--noprofile', '-i'],
    setUp: [`source '${script}'`, `scitokens() { printf '<%s>' "$@"; echo .; }`, `PS1='ready''> '`],
  }),
  zsh: (script, directory) => {
    mkdirSync(join(directory, 'functions'))
    return {
      command: ['zsh', '-f', '-i'],
      setUp: [
        `cp '${script}' '${join(directory, 'functions', '_scitokens')}'`,
        `fpath=('${join(directory, 'functions')}' $fpath)`,
        'autoload -Uz compinit && compinit -u -D',
        `scitokens() { printf '<%s>' "$@"; echo . }`,
        `PROMPT='ready''> '`,
      ],
    }
  },
  fish: (script) => ({
    command: ['fish', '--no-config', '-i'],
    setUp: [
      `source '${script}'`,
      `function scitokens; printf '<%s>' $argv; echo .; end`,
      `function fish_prompt; echo -n 'ready''> '; end`,
    ],
  }),
}

describe.each(Object.keys(SHELLS) as Shell[])('%s', (shell) => {
  let script: string
  beforeAll(async () => {
    script = (await scitokens(['completion', shell])).stdout
  })

  test('completes what is typed before Tab', needs(shell, ...TERMINAL, 'cp'), async () => {
    const directory = temporaryDirectory()
    const file = join(directory, 'completion')
    writeFileSync(file, script)
    writeFileSync(join(directory, 'my-token.txt'), '')
    const { command, setUp } = SHELLS[shell](file, directory)
    const terminal = new Terminal(command, { cwd: directory, env: { HOME: directory } })
    for (const line of setUp) terminal.type(`${line}\r`)
    for (const [keys, words] of CASES) {
      // oxlint-disable-next-line no-await-in-loop -- one line after the other, as a person types
      await terminal.waitFor(/ready> /)
      terminal.type(`scitokens ${keys}\r`)
      // oxlint-disable-next-line no-await-in-loop -- as above
      const got = await terminal.waitFor(/<.*>(?=\.\r)/)
      expect(got, keys).toBe(words)
    }
  })

  test('takes the script without a complaint', needs(shell), async () => {
    const file = join(temporaryDirectory(), 'completion')
    writeFileSync(file, script)
    await expect(run(shell, ['-n', file])).resolves.toMatchObject({ stdout: '', stderr: '' })
  })
})
