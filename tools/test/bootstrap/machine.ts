import { spawn } from '@scitokens-tests/programs/processes'
import {
  accessSync,
  chmodSync,
  constants,
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { delimiter, join } from 'node:path'

const workTree = join(import.meta.dirname, '..', '..', '..')

export interface Outcome {
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
}

/** A small work tree with our bootstrap in it, on a machine that has nothing but Node 20, npm and a home directory. */
export interface Machine {
  /** The work tree; its path has a space in it. */
  readonly tree: string
  readonly home: string
  run(args: readonly string[], options?: RunOptions): Promise<Outcome>
}

export interface RunOptions {
  /** What `process.versions.node` says in the bootstrap. Default: 20.20.2. */
  readonly node?: string
  readonly cwd?: string
  readonly uid?: number
  /** Start it from a shell that waits, as npm does. */
  readonly throughShell?: boolean
  readonly env?: Readonly<Record<string, string>>
  /** Called with a function that signals the started process. */
  readonly onOutput?: (text: string, kill: (signal: NodeJS.Signals) => void) => void
}

export function createMachine(temp: string, registry: string): Machine {
  const tree = join(temp, 'work tree')
  const home = join(temp, 'home')
  const bin = join(temp, 'bin')
  for (const folder of [tree, home, bin]) mkdirSync(folder)
  for (const name of ['tools/dev.mjs', 'tools/bootstrap', '.node-version'])
    cpSync(join(workTree, name), join(tree, name), { recursive: true })
  writeFileSync(join(tree, 'package.json'), '{ "packageManager": "pnpm@12.21.0" }')
  writeFileSync(join(home, '.npmrc'), `registry=${registry}\n`)
  for (const name of ['npm', 'sh']) symlinkSync(onPath(name), join(bin, name))
  symlinkSync(process.execPath, join(bin, 'node'))
  const pretend = join(temp, 'pretend-version.cjs')
  writeFileSync(
    pretend,
    "Object.defineProperty(process, 'versions', { value: { ...process.versions, node: process.env.PRETEND_NODE } })",
  )
  chmodSync(temp, 0o755)
  /** Another user may not be able to enter the folder in which this Node lies: he gets a copy. */
  const nodeFor = (uid: number | undefined): string => {
    if (uid === undefined) return join(bin, 'node')
    const copy = join(bin, 'node-of-others')
    if (!existsSync(copy)) copyFileSync(process.execPath, copy)
    chmodSync(copy, 0o755)
    return copy
  }

  return {
    tree,
    home,
    run: (args, { node = '20.20.2', cwd = tree, uid, throughShell = false, env = {}, onOutput } = {}) =>
      new Promise((resolve, reject) => {
        const words = [nodeFor(uid), '--require', pretend, join(tree, 'tools', 'dev.mjs'), ...args]
        const [command = '', ...rest] = throughShell ? ['/bin/sh', '-c', '"$0" "$@"; exit $?', ...words] : words
        const child = spawn(command, rest, {
          cwd,
          env: { PATH: bin, HOME: home, PRETEND_NODE: node, ...env },
          ...(uid === undefined ? {} : { uid }),
        })
        let stdout = ''
        let stderr = ''
        child.stdout.on('data', (chunk: Buffer) => {
          stdout += chunk.toString()
          onOutput?.(stdout, (signal) => child.kill(signal))
        })
        child.stderr.on('data', (chunk: Buffer) => {
          stderr += chunk.toString()
        })
        child.once('error', reject)
        child.once('close', (status) => resolve({ status, stdout, stderr }))
      }),
  }
}

function onPath(name: string): string {
  const found = (process.env['PATH'] ?? '')
    .split(delimiter)
    .map((folder) => join(folder, name))
    .find((file) => existsSync(file) && isExecutable(file))
  if (found === undefined) throw new Error(`no ${name} on PATH`)
  return found
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}
