import { execFile } from 'node:child_process'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'

/** A runtime whose binary comes in an npm package of its own for each platform. */
interface Package {
  readonly name: string
  readonly version: string
  readonly binary: string
}

const DIRECTORY = join(import.meta.dirname, '../../../.toolchain/runtimes')

/** The packages with the binaries, by platform; their wrappers would run scripts at installation. */
const PACKAGES: Readonly<Record<string, Readonly<Record<string, Package>>>> = {
  'linux-x64': {
    deno: { name: '@deno/linux-x64-glibc', version: '2.9.6', binary: 'deno' },
    bun: { name: '@oven/bun-linux-x64', version: '1.4.5', binary: 'bin/bun' },
    workerd: { name: '@cloudflare/workerd-linux-64', version: '1.20261117.1', binary: 'bin/workerd' },
  },
  'linux-arm64': {
    deno: { name: '@deno/linux-arm64-glibc', version: '2.9.6', binary: 'deno' },
    bun: { name: '@oven/bun-linux-aarch64', version: '1.4.5', binary: 'bin/bun' },
    workerd: { name: '@cloudflare/workerd-linux-arm64', version: '1.20261117.1', binary: 'bin/workerd' },
  },
  'darwin-arm64': {
    deno: { name: '@deno/darwin-arm64', version: '2.9.6', binary: 'deno' },
    bun: { name: '@oven/bun-darwin-aarch64', version: '1.4.5', binary: 'bin/bun' },
    workerd: { name: '@cloudflare/workerd-darwin-arm64', version: '1.20261117.1', binary: 'bin/workerd' },
  },
}

/** The path of a runtime's binary, installed from the npm registry when it is used for the first time. */
export async function installedRuntime(runtime: string): Promise<string> {
  const found = PACKAGES[`${process.platform}-${process.arch}`]?.[runtime]
  if (!found) throw new Error(`there is no ${runtime} for ${process.platform} on ${process.arch}`)
  const directory = join(DIRECTORY, `${runtime}-${found.version}`)
  const binary = join(directory, 'node_modules', found.name, found.binary)
  if (existsSync(binary)) return binary
  mkdirSync(directory, { recursive: true })
  writeFileSync(join(directory, 'package.json'), '{ "private": true }\n')
  const options = ['--ignore-scripts', '--no-save', '--no-audit', '--no-fund', '--loglevel=error']
  await promisify(execFile)('npm', ['install', ...options, `${found.name}@${found.version}`], { cwd: directory })
  return binary
}
