import { fileURLToPath } from 'node:url'
import { type Outcome, run } from './programs.ts'

const BIN = fileURLToPath(new URL('../../../packages/cli/src/bin.ts', import.meta.url))

/** Runs this project's command as a person does, from source; a non-zero exit is an answer. */
export function scitokens(args: readonly string[], options: Parameters<typeof run>[2] = {}): Promise<Outcome> {
  return run(process.execPath, ['--conditions=@scitokens/source', BIN, ...args], options)
}

/** The same where it must succeed: what it wrote, without the line's end. */
export async function scitokensOutput(
  args: readonly string[],
  options: Parameters<typeof run>[2] = {},
): Promise<string> {
  const { code, stdout, stderr } = await scitokens(args, options)
  if (code !== 0) throw new Error(`scitokens ${args[0]} ended with ${code}: ${stderr}`)
  return stdout.trim()
}
