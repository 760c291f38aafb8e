import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { root, run } from './process.ts'

/**
 * Type-checks what the tests to be run are made of, and says so. Vitest's arguments choose: `--project core` asks for one
 * package, whose check reads the sources it imports; without `--project` every package is checked. Resolves to the exit status.
 */
export async function typeCheck(vitestArguments: readonly string[]): Promise<number> {
  const names = chosenProjects(vitestArguments).map(packageName)
  // Vitest also takes patterns (`--project 'core*'`); what is no folder's name is left to it, and all is checked.
  const chosen = names.length > 0 && names.every((name) => name !== undefined) ? names : []
  console.log(`Type-checking ${chosen.length === 0 ? 'every package' : chosen.join(', ')}, then running the tests.`)
  const filters = chosen.map((name) => `--filter=${name}`)
  return run('turbo', ['run', 'typecheck', '--continue', '--output-logs=errors-only', ...filters])
}

function chosenProjects(args: readonly string[]): readonly string[] {
  const options = { project: { type: 'string', multiple: true } } as const
  return (
    parseArgs({ args: [...args], options, strict: false, allowPositionals: true }).values.project?.map(String) ?? []
  )
}

/** The name in the `package.json` of a vitest project, which is called after its folder. */
function packageName(project: string): string | undefined {
  const groups = ['packages', 'examples', 'tests'].map((group) => join(root, group, project))
  const manifest = [...groups, join(root, project)]
    .map((folder) => join(folder, 'package.json'))
    .find((file) => existsSync(file))
  return manifest === undefined ? undefined : (JSON.parse(readFileSync(manifest, 'utf8')) as { name: string }).name
}
