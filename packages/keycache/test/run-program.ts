import { type ChildProcessWithoutNullStreams, spawn } from '@scitokens-tests/programs/processes'
import { once } from 'node:events'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'

/** Starts one of the programs beside the tests in a process of its own; killed when the test is over. */
export function startProgram(name: string, args: readonly string[]): ChildProcessWithoutNullStreams {
  const file = join(import.meta.dirname, 'programs', name)
  const child = spawn(process.execPath, ['--conditions=@scitokens/source', '--no-warnings', file, ...args])
  onTestFinished(() => void child.kill('SIGKILL'))
  return child
}

/** Runs a program to its end; the last line that it wrote to standard output. */
export async function runProgram(name: string, args: readonly string[]): Promise<string> {
  return lastLine(startProgram(name, args))
}

/** Waits for a program's end; the last line that it wrote to standard output. */
export async function lastLine(child: ChildProcessWithoutNullStreams): Promise<string> {
  const [output, errors] = [collect(child.stdout), collect(child.stderr)]
  const [status] = (await once(child, 'close')) as [number | null]
  if (status !== 0) throw new Error(`${child.spawnargs.join(' ')} ended with ${status}: ${errors()}`)
  return output().trim().split('\n').at(-1)!
}

/** Everything that a stream has brought so far. */
export function collect(stream: NodeJS.ReadableStream): () => string {
  let text = ''
  stream.on('data', (chunk: Buffer) => {
    text += chunk.toString()
  })
  return () => text
}
