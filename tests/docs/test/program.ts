import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { delimiter, join } from 'node:path'
import { root } from './fences.ts'

const runFromSource = ['--conditions=@scitokens/source']

export interface RunningProgram {
  /** Standard output so far. */
  stdout(): string
  /** Both outputs so far. */
  all(): string
  /** Resolves when the program has ended, or `condition` holds for its standard output. Rejects after 20 s. */
  until(condition: (stdout: string) => boolean): Promise<'ended' | 'holds'>
  /** Ends it if it is still up. Resolves to its exit status; null when a signal ended it. */
  stop(): Promise<number | null>
}

/** Runs a TypeScript file with the packages' sources, in `cwd`. Programs with a server listen on `PORT`. */
export function runFile(file: string, cwd: string, port: number): RunningProgram {
  return watch(
    spawn(process.execPath, [...runFromSource, file], {
      cwd,
      env: { ...process.env, PORT: String(port), HOME: cwd, XDG_CACHE_HOME: cwd },
      stdio: ['ignore', 'pipe', 'pipe'],
    }),
  )
}

/** Runs a line of a console session in `cwd`, where `scitokens` is the CLI of this work tree. */
export function runCommand(command: string, cwd: string): RunningProgram {
  const shim = join(cwd, 'scitokens')
  const program = [process.execPath, ...runFromSource, join(root, 'packages', 'cli', 'src', 'bin.ts')]
  writeFileSync(shim, `#!/bin/sh\nexec ${program.map((word) => `'${word}'`).join(' ')} "$@"\n`)
  chmodSync(shim, 0o755)
  const env = { ...process.env, PATH: [cwd, process.env['PATH']].join(delimiter), HOME: cwd, XDG_CACHE_HOME: cwd }
  return watch(spawn('sh', ['-c', command], { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] }))
}

/** A port that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  return typeof address === 'object' && address !== null ? address.port : 0
}

function watch(child: ChildProcess): RunningProgram {
  let stdout = ''
  let all = ''
  const ended = once(child, 'close')
  child.stdout?.on('data', (chunk: Buffer) => {
    stdout += chunk.toString()
    all += chunk.toString()
  })
  child.stderr?.on('data', (chunk: Buffer) => {
    all += chunk.toString()
  })
  return {
    stdout: () => stdout,
    all: () => all,
    until: (condition) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          if (condition(stdout)) finish(() => resolve('holds'))
        }
        const timer = setTimeout(() => finish(() => reject(new Error(`still running after 20 s:\n${all}`))), 20_000)
        const finish = (settle: () => void): void => {
          clearTimeout(timer)
          child.stdout?.off('data', look)
          settle()
        }
        child.stdout?.on('data', look)
        ended.then(
          () => finish(() => resolve('ended')),
          (error: unknown) => finish(() => reject(error)),
        )
      }),
    stop: async () => {
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM')
      await ended
      return child.exitCode
    },
  }
}
