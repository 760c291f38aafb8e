import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { Person } from '../person.ts'
import { run } from '../programs.ts'
import type { Vo } from '../vo.ts'

/** An oidc-agent of this test alone, without a terminal. */
export interface OidcAgent {
  /** Sets an account up with `oidc-gen`; ana allows it. Returns what was printed. */
  generate(account: string, args: readonly string[]): Promise<string>
  /** An access token of an account, by `oidc-token`. */
  token(...args: string[]): Promise<string>
  stop(): void
}

/** Starts an agent with its files below the VO's directory. */
export function startOidcAgent(vo: Vo): OidcAgent {
  const dir = join(vo.dir, 'oidc-agent')
  mkdirSync(dir, { mode: 0o700 })
  const own = { PATH: process.env['PATH'], HOME: dir, OIDC_CONFIG_DIR: dir, OIDC_ENCRYPTION_PW: 'interop' }
  const output = execFileSync('oidc-agent', ['--no-scheme', '--quiet'], { env: own, encoding: 'utf8' })
  const variable = (name: string): string => new RegExp(`${name}=([^;]+);`).exec(output)?.[1] ?? ''
  const env = { ...own, OIDC_SOCK: variable('OIDC_SOCK') }
  const pid = Number(variable('OIDCD_PID'))
  return {
    generate: (account, args) => generate(vo, env, account, args),
    token: async (...args) => {
      const { code, stdout, stderr } = await run('oidc-token', args, { env })
      if (code !== 0) throw new Error(`oidc-token failed: ${stderr.trim()}`)
      return stdout.trim()
    },
    stop: () => void process.kill(pid),
  }
}

const QUIET = ['--pw-env=OIDC_ENCRYPTION_PW', '--prompt=none', '--confirm-default', '--no-url-call']

async function generate(vo: Vo, env: NodeJS.ProcessEnv, account: string, args: readonly string[]): Promise<string> {
  const all = [account, `--iss=${vo.issuer}`, `--cp=${vo.authority.certificate}`, ...args, ...QUIET]
  const child = spawn('oidc-gen', all, { env, stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  let answering: Promise<unknown> | undefined
  const collect = (chunk: string): void => {
    output += chunk
    const code = /\b[B-Z]{4}-[B-Z]{4}\b/.exec(output)?.[0]
    const address = /https:\/\/\S+\/authorize\?\S+(?=\s)/.exec(output)?.[0]
    if (code !== undefined) answering ??= new Person('ana', vo).approveDevice(`${vo.issuer}/device`, code)
    // The agent itself listens where the browser comes back to.
    if (address !== undefined) answering ??= new Person('ana', vo).answer(address).then((back) => fetch(back))
  }
  child.stdout.setEncoding('utf8').on('data', collect)
  child.stderr.setEncoding('utf8').on('data', collect)
  const [status] = (await once(child, 'exit')) as [number]
  await answering
  if (status !== 0) throw new Error(`oidc-gen failed: ${output.trim()}`)
  return output
}
