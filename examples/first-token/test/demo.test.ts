import { needs } from '@scitokens-tests/programs'
import { spawn } from '@scitokens-tests/programs/processes'
import { once } from 'node:events'
import { mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'

const { FORCE_COLOR: _, ...environment } = process.env
const MAIN = join(import.meta.dirname, '..', 'src', 'main.ts')
vi.setConfig({ testTimeout: 240_000, hookTimeout: 120_000 })
let temporary: string
beforeEach(async () => {
  // A space, because somebody's home directory has one.
  temporary = join(await mkdtemp(join(tmpdir(), 'first-token-')), 'with space')
  await mkdir(temporary)
})
afterEach(() => rm(join(temporary, '..'), { recursive: true, force: true }))

interface Run {
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
}

/** Starts the demonstration; `whenUp` is called once it has printed everything. */
async function demo(
  args: string[],
  env: Record<string, string> = {},
  whenUp?: (output: string) => Promise<NodeJS.Signals>,
): Promise<Run> {
  const child = spawn(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', '--conditions=@scitokens/source', MAIN, ...args],
    {
      env: { ...environment, TMPDIR: temporary, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  )
  let stdout = ''
  let stderr = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
  let up: Promise<void> | undefined
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text
    if (whenUp && stdout.includes('Ctrl-C')) up ??= whenUp(stdout).then((signal) => void child.kill(signal))
  })
  const [status] = (await once(child, 'close')) as [number | null]
  await up
  return { status, stdout, stderr }
}

describe('npm start -- --once', () => {
  it('shows allowed and refused requests, each with its reason, ends with 0 and leaves nothing behind', async () => {
    const { status, stdout, stderr } = await demo(['--once'])
    expect(stderr).toBe('')
    expect(status).toBe(0)
    expect(stdout.match(/^ {3}allowed \(HTTP 20[01]\)\n {3}why: \S.*$/gm)).toHaveLength(2)
    const refusals = stdout.match(/^ {3}refused \(HTTP 40[13], \w+\)\n {3}why: \S.*$/gm)
    expect(refusals?.map((text) => /, (\w+)\)/.exec(text)?.[1])).toEqual([
      'scope_denied',
      'scope_denied',
      'aud_mismatch',
      'expired',
      'bad_signature',
      'no_credentials',
    ])
    expect(stdout).toContain('"scope": "read:/store write:/store/user/ana"')
    expect(stdout).toContain('8 of 8 decisions were right.')
    expect(stdout).not.toContain('\u001b[')
    expect(await readdir(temporary)).toEqual([])
  })

  it('runs twice at the same time', async () => {
    const runs = await Promise.all([demo(['--once']), demo(['--once'])])
    expect(runs.map(({ status }) => status)).toEqual([0, 0])
    expect(await readdir(temporary)).toEqual([])
  })

  it('says which decision was wrong, and ends with 1, when signatures are not really checked', async () => {
    // Cryptography that says yes to everything: the spoilt token passes.
    const broken = join(temporary, '..', 'broken.mjs')
    await writeFile(
      broken,
      `import crypto from 'node:crypto'
       import { syncBuiltinESMExports } from 'node:module'
       const yes = (...given) => {
         const callback = given.at(-1)
         if (typeof callback !== 'function') return true
         setImmediate(callback, null, true)
       }
       Object.defineProperty(crypto, 'verify', { value: yes })
       SubtleCrypto.prototype.verify = async () => true
       syncBuiltinESMExports()`,
    )
    const { status, stdout } = await demo(['--once'], { NODE_OPTIONS: `--import=${pathToFileURL(broken).href}` })
    expect(stdout).toContain('WRONG: this should have been refused (bad_signature)')
    expect(stdout).toContain('7 of 8 decisions were right.')
    expect(status).toBe(1)
    expect(await readdir(temporary)).toEqual([])
  })

  it('prints no token that could be used', async () => {
    const { stdout } = await demo(['--once'])
    expect(stdout).not.toMatch(/eyJ[\w-]+\.[\w-]+/)
  })
})

describe('npm start', () => {
  it.each(['SIGINT', 'SIGTERM'] as const)('stays up until %s, then removes everything', async (signal) => {
    const { status, stdout } = await demo([], {}, async () => signal)
    expect(status).toBe(0)
    expect(stdout).toContain('Ctrl-C ends it')
    expect(await readdir(temporary)).toEqual([])
  })

  it(
    'prints curl lines that work as they are, with secrets in files that only their owner can read',
    needs('curl'),
    async () => {
      const answers: Run[] = []
      await demo([], {}, async (output) => {
        const lines = output.match(/^(?:echo|curl) .*$/gm) ?? []
        for (const line of lines) {
          expect(line).not.toContain('eyJ')
          answers.push(await shell(line))
        }
        const [directory] = await readdir(temporary)
        for (const file of ['token.header', 'client.netrc']) {
          expect((await stat(join(temporary, directory!, file))).mode & 0o777).toBe(0o600)
        }
        return 'SIGTERM'
      })
      expect(answers.map(({ status }) => status)).toEqual([0, 0, 0, 0])
      const [read, write, refused, token] = answers.map(({ stdout }) => stdout)
      expect(read).toMatch(/HTTP\/1.1 200 OK[^]*one muon/)
      expect(write).toContain('201 Created')
      expect(refused).toMatch(/403 Forbidden[^]*scope="write:\/store\/user\/ben\/hello.txt/)
      expect(JSON.parse(token!)).toMatchObject({ token_type: 'Bearer' })
    },
  )
})

describe('what can go wrong before anything has begun', () => {
  it.each(['missing', 'a file'])('a temporary directory that is %s: one clear sentence and status 1', async (what) => {
    const place = join(temporary, 'place')
    if (what === 'a file') await writeFile(place, '')
    const { status, stdout, stderr } = await demo(['--once'], { TMPDIR: place })
    expect(status).toBe(1)
    expect(stdout).toBe('')
    expect(stderr).toMatch(
      /^The temporary directory .*place cannot be used \(\w+\): set TMPDIR to one that can be written\.\n$/,
    )
  })

  it('an option that is none: the usage, and status 2', async () => {
    const { status, stderr } = await demo(['--twice'])
    expect(status).toBe(2)
    expect(stderr).toContain('npm start -- --once')
    expect(await readdir(temporary)).toEqual([])
  })
})

async function shell(line: string): Promise<Run> {
  const child = spawn('sh', ['-c', line.replace('curl ', 'curl -sS ')], { stdio: ['ignore', 'pipe', 'pipe'] })
  let stdout = ''
  let stderr = ''
  child.stdout.on('data', (text: Buffer) => (stdout += text.toString()))
  child.stderr.on('data', (text: Buffer) => (stderr += text.toString()))
  const [status] = (await once(child, 'close')) as [number]
  return { status, stdout, stderr }
}
