import { type ChildProcess, spawn } from '@scitokens-tests/programs/processes'
import { once } from 'node:events'
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { delimiter, join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { root } from './fences.ts'

const runFromSource = ['--conditions=@scitokens/source']

export interface RunningProgram {
  /** Standard output so far. */
  stdout(): string
  /** Both outputs so far. */
  all(): string
  /** Resolves when the program has ended, or `condition` holds. Rejects after a minute. */
  until(condition: () => boolean | Promise<boolean>): Promise<'ended' | 'holds'>
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
  // Where no file of a session is.
  const bin = join(cwd, '.bin')
  mkdirSync(bin, { recursive: true })
  const shim = join(bin, 'scitokens')
  const program = [process.execPath, ...runFromSource, join(root, 'packages', 'cli', 'src', 'bin.ts')]
  writeFileSync(shim, `#!/bin/sh\nexec ${program.map((word) => `'${word}'`).join(' ')} "$@"\n`)
  chmodSync(shim, 0o755)
  const env = { ...process.env, PATH: [bin, process.env['PATH']].join(delimiter), HOME: cwd, XDG_CACHE_HOME: cwd }
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

/** Whether something listens on a port. */
export function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
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
    until: async (condition) => {
      const deadline = Date.now() + 60_000
      while (child.exitCode === null && child.signalCode === null) {
        if (await condition()) return 'holds'
        if (Date.now() > deadline) throw new Error(`still running after a minute:\n${all}`)
        await setTimeout(20)
      }
      await ended
      return 'ended'
    },
    stop: async () => {
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM')
      await ended
      return child.exitCode
    },
  }
}
