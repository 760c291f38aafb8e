import { mkdtempSync, existsSync, mkdirSync, readdirSync, rmSync, writeFileSync, chmodSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createMachine, type Machine } from './machine.ts'
import { type FakePackage, type Registry, startRegistry } from './registry.ts'

const nodePackage = `node-${process.platform === 'darwin' && process.arch === 'arm64' ? 'bin-darwin' : process.platform}-${process.arch}`
const pnpmPackage = `exe.${process.platform}-${process.arch}`
const realNode = `#!/bin/sh\nexec "${process.execPath}" "$@"\n`
// Stands for pnpm: answers the version, and fails an install that another one runs into.
const pnpm: FakePackage = {
  name: `@pnpm/${pnpmPackage}`,
  version: '12.21.0',
  files: {
    pnpm: `#!/bin/sh
if [ "$1" = --version ]; then echo 12.21.0; exit; fi
node -e 'fs.writeFileSync("installing", "", { flag: "wx" }); fs.mkdirSync("node_modules/.bin", { recursive: true }); setTimeout(() => fs.rmSync("installing"), 200)' || exit 1
echo "Already up to date"
`,
  },
}
const node = (version: string): FakePackage => ({ name: nodePackage, version, files: { 'bin/node': realNode } })

let temp: string
let registry: Registry
let machine: Machine
async function prepare(packages: readonly FakePackage[]): Promise<void> {
  registry = await startRegistry(packages)
  machine = createMachine(temp, registry.url)
}
beforeEach(() => {
  temp = mkdtempSync(join(tmpdir(), 'bootstrap-'))
})
afterEach(async () => {
  await registry.close()
  rmSync(temp, { recursive: true, force: true })
})
const leftBehind = (): string[] =>
  readdirSync(machine.tree).filter((name) => name === '.toolchain' || name === 'node_modules')

describe('tools/dev.mjs on a machine with only Node 20 and npm', () => {
  test('fetches Node and pnpm once, then runs the command, in a path with a space, twice', async () => {
    await prepare([node('24.21.0'), pnpm])
    const first = await machine.run(['node', '-p', '6*7'])
    expect(first).toMatchObject({ status: 0, stdout: '42\n' })
    const second = await machine.run(['node', '-p', '6*7'])
    expect(second).toEqual({ status: 0, stdout: '42\n', stderr: '' })
    expect(registry.fetched).toHaveLength(2)
    expect(readdirSync(join(machine.tree, '.toolchain')).toSorted()).toEqual(['node-24.21.0', 'pnpm-12.21.0'])
  })

  test('two first runs at the same time both succeed and fetch and install one after the other', async () => {
    await prepare([node('24.21.0'), pnpm])
    const both = await Promise.all([machine.run(['node', '-p', '1']), machine.run(['node', '-p', '2'])])
    expect(both.map(({ status, stdout }) => [status, stdout])).toEqual([
      [0, '1\n'],
      [0, '2\n'],
    ])
    expect(registry.fetched).toHaveLength(2)
  })

  test('takes over the lock of a process that was killed and removes what it had half fetched', async () => {
    await prepare([node('24.21.0'), pnpm])
    const toolchain = join(machine.tree, '.toolchain')
    mkdirSync(join(toolchain, 'fetching-killed'), { recursive: true })
    const { hostname } = await import('node:os')
    writeFileSync(join(toolchain, 'lock'), `${hostname()} 2147483646`)
    expect(await machine.run([])).toMatchObject({ status: 0 })
    expect(readdirSync(toolchain).toSorted()).toEqual(['node-24.21.0', 'pnpm-12.21.0'])
  })

  test('takes another Node 24 when the registry has not the pinned one for this platform', async () => {
    await prepare([node('24.0.0'), pnpm])
    expect(await machine.run(['node', '-p', '42'])).toMatchObject({ status: 0, stdout: '42\n' })
    expect(registry.fetched[0]).toContain('24.0.0')
  })

  test('hands on the exit status of the command', async () => {
    await prepare([node('24.21.0'), pnpm])
    expect(await machine.run(['node', '-e', 'process.exit(7)'])).toMatchObject({ status: 7 })
  })

  test('passes a signal on, so that the command can end in its own way', async () => {
    await prepare([node('24.21.0'), pnpm])
    const program = "process.on('SIGTERM', () => process.exit(9)); console.log('up'); setInterval(() => {}, 1000)"
    const outcome = await machine.run(['node', '-e', program], {
      onOutput: (text, kill) => {
        if (text.includes('up')) kill('SIGTERM')
      },
    })
    expect(outcome).toMatchObject({ status: 9 })
  })

  test('ends the command when npm and its shell are killed, although nobody passes that on', async () => {
    await prepare([node('24.21.0'), pnpm])
    const program = "console.log('up ' + process.pid); setInterval(() => {}, 1000)"
    let pid = 0
    const outcome = await machine.run(['node', '-e', program], {
      throughShell: true,
      env: { npm_lifecycle_event: 'start' },
      onOutput: (text, kill) => {
        pid = Number(/up (\d+)\n/.exec(text)?.[1] ?? 0)
        if (pid > 0) kill('SIGKILL')
      },
    })
    // Our end of the pipe closes when the last process that writes to it has ended.
    expect(outcome).toMatchObject({ status: null })
    expect(() => process.kill(pid, 0)).toThrow('ESRCH')
  })

  test("--keep-cwd runs a script of the work tree in the directory of npm's caller", async () => {
    await prepare([node('24.21.0'), pnpm])
    writeFileSync(
      join(machine.tree, 'where.ts'),
      'console.log(JSON.stringify([process.cwd(), ...process.argv.slice(2)]))',
    )
    const outcome = await machine.run(['--keep-cwd', 'where.ts', 'a b', '--flag'], { env: { INIT_CWD: machine.home } })
    expect(JSON.parse(outcome.stdout)).toEqual([machine.home, 'a b', '--flag'])
  })

  test("keeps npm's own settings away from the command", async () => {
    await prepare([node('24.21.0'), pnpm])
    const program = "console.log(Object.keys(process.env).filter((name) => name.startsWith('npm_')).join())"
    const outcome = await machine.run(['node', '-e', program], {
      env: { npm_lifecycle_event: 'test', npm_config_registry: registry.url, npm_config_prefix: '/' },
    })
    expect(outcome).toMatchObject({ status: 0, stdout: 'npm_config_registry\n' })
  })
})

describe('tools/dev.mjs fails with one sentence, a non-zero status and nothing left behind', () => {
  const oneSentence = (text: string): string => {
    const lines = text
      .trim()
      .split('\n')
      .filter((line) => !line.startsWith('fetching '))
    expect(lines).toHaveLength(1)
    return lines[0] ?? ''
  }

  test('when Node is too old', async () => {
    await prepare([])
    const outcome = await machine.run(['node', '-v'], { node: '18.20.4' })
    expect(outcome).toMatchObject({ status: 1, stdout: '' })
    expect(oneSentence(outcome.stderr)).toMatch(/^Node 18\.20\.4 is too old.*install Node 24/)
    expect(leftBehind()).toEqual([])
  })

  test('when there is no network', async () => {
    await prepare([])
    await registry.close()
    const outcome = await machine.run(['node', '-v'])
    expect(outcome).toMatchObject({ status: 1, stdout: '' })
    expect(oneSentence(outcome.stderr)).toMatch(/^No connection .*ECONNREFUSED.*install Node 24 and pnpm 12/)
    expect(leftBehind()).toEqual([])
  })

  test('when the registry has no Node for this platform', async () => {
    await prepare([pnpm])
    const outcome = await machine.run(['node', '-v'])
    expect(outcome).toMatchObject({ status: 1, stdout: '' })
    expect(oneSentence(outcome.stderr)).toMatch(/^The npm registry has no node-.*install Node 24/)
    expect(leftBehind()).toEqual([])
  })

  test('when the work tree cannot be written', async () => {
    await prepare([node('24.21.0'), pnpm])
    chmodSync(machine.tree, 0o555)
    const asRoot = process.getuid?.() === 0
    const outcome = await machine.run(['node', '-v'], asRoot ? { uid: 65_534 } : {})
    chmodSync(machine.tree, 0o755)
    expect(outcome).toMatchObject({ status: 1, stdout: '' })
    expect(oneSentence(outcome.stderr)).toMatch(/^Cannot write the work tree \(EACCES\): make this directory/)
    expect(leftBehind()).toEqual([])
  })

  test('when the install fails', async () => {
    const full =
      '#!/bin/sh\n[ "$1" = --version ] && { echo 12.21.0; exit; }\nmkdir node_modules packages/core/node_modules\necho "ENOSPC: no space left on device"\nexit 1\n'
    await prepare([node('24.21.0'), { ...pnpm, files: { pnpm: full } }])
    mkdirSync(join(machine.tree, 'packages', 'core'), { recursive: true })
    writeFileSync(join(machine.tree, 'packages', 'README.md'), '')
    const outcome = await machine.run(['node', '-v'])
    expect(outcome).toMatchObject({ status: 1, stdout: '' })
    expect(outcome.stderr).toMatch(/^Cannot write the dependencies \(ENOSPC\)/m)
    expect(existsSync(join(machine.tree, 'node_modules'))).toBe(false)
    expect(existsSync(join(machine.tree, 'packages', 'core', 'node_modules'))).toBe(false)
  })

  test('when the command does not exist', async () => {
    await prepare([node('24.21.0'), pnpm])
    const outcome = await machine.run(['no-such-tool'])
    expect(outcome.status).toBe(1)
    expect(outcome.stderr).toMatch(/^There is no command no-such-tool/m)
  })
})
