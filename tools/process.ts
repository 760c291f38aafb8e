import { spawn } from 'node:child_process'
import { join } from 'node:path'

/** The work tree. */
export const root: string = join(import.meta.dirname, '..')

/** Runs a command of the work tree with our input and output. Resolves to its exit status, 1 when a signal ended it. */
export function run(command: string, args: readonly string[], env: NodeJS.ProcessEnv = process.env): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: root, env, stdio: 'inherit', shell: process.platform === 'win32' })
    child.once('error', reject)
    child.once('close', (code) => resolve(code ?? 1))
  })
}

export interface Captured {
  readonly status: number
  /** Standard output and standard error, interleaved. */
  readonly output: string
}

/** Runs a command and keeps what it prints. */
export function capture(
  command: string,
  args: readonly string[],
  options: { readonly cwd?: string; readonly env?: NodeJS.ProcessEnv } = {},
): Promise<Captured> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: root, ...options, stdio: ['ignore', 'pipe', 'pipe'] })
    const chunks: Buffer[] = []
    child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk))
    child.stderr.on('data', (chunk: Buffer) => chunks.push(chunk))
    child.once('error', reject)
    child.once('close', (code) => resolve({ status: code ?? 1, output: Buffer.concat(chunks).toString() }))
  })
}
