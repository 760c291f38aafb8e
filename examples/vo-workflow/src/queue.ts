import { spawn } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { ManagerClient } from '@scitokens/token-manager'

/** What a user submits. */
export interface Job {
  readonly name: string
  readonly user: string
  /** What the job's token may do: less than the user may. */
  readonly scopes: readonly string[]
  /** Arguments of the job program. */
  readonly args: readonly string[]
}

/** How a job ended. */
export interface JobResult {
  readonly job: Job
  readonly status: number | null
  readonly output: string
  /** Where it ran. */
  readonly directory: string
}

/**
 * A queue in thirty lines: each job is a process of its own in a directory of its own, and finds its token where
 * `BEARER_TOKEN_FILE` says. The queue asks the token manager to keep that file fresh, and never sees the token itself.
 */
export async function runJob(job: Job, { socket, spool }: { socket: string; spool: string }): Promise<JobResult> {
  const directory = join(spool, job.name)
  mkdirSync(directory, { mode: 0o700 })
  const file = join(directory, 'bearer_token')
  const manager = await ManagerClient.open(socket)
  try {
    await manager.call('deliver', { owner: job.user, service: 'ligo', file, scopes: job.scopes })
    const program = join(import.meta.dirname, 'job.ts')
    const child = spawn(process.execPath, ['--conditions=@scitokens/source', program, ...job.args], {
      cwd: directory,
      env: { PATH: process.env['PATH'], BEARER_TOKEN_FILE: file },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    let output = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text))
    const status = await new Promise<number | null>((resolve) => child.on('close', resolve))
    return { job, status, output, directory }
  } finally {
    await manager.call('forget', { file })
    manager.close()
  }
}
