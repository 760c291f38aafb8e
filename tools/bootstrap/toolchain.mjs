// Finds or fetches the Node and the pnpm that this work tree is made for. Everything fetched lives in .toolchain/.
import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmdirSync, rmSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Failure, kindOf, sentence } from './failure.mjs'
import { capture } from './run.mjs'

export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))))
export const toolchain = join(root, '.toolchain')
const windows = process.platform === 'win32'
const nodeVersion = readFileSync(join(root, '.node-version'), 'utf8').trim()
const pnpmVersion = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).packageManager.replace(
  /^pnpm@|\+.*$/g,
  '',
)

/** A PATH with the tools of the work tree, pnpm and Node in front. */
export async function toolchainPath(env) {
  for (const name of readdirSync(toolchain)) {
    // We hold the lock: a half-fetched folder belongs to a process that was killed.
    if (name.startsWith('fetching-')) rmSync(join(toolchain, name), { recursive: true, force: true })
  }
  const path = [join(root, 'node_modules', '.bin')]
  if (!nodeIsSupported(process.versions.node)) path.push(await fetchNode(nodeVersion, env))
  if (!(await pnpmIsSupported(env))) {
    const name = `exe.${process.platform}-${process.arch}`
    const modules = await fetch(`pnpm-${pnpmVersion}`, [`@pnpm/${name}@${pnpmVersion}`], env)
    path.push(join(modules, '@pnpm', name))
  }
  return [...path, env.PATH ?? ''].join(delimiter)
}

/** The folder with the binary of a Node version, or of the newest of its major version if the exact one is missing. */
export async function fetchNode(version, env) {
  if (isMusl()) {
    throw new Failure(
      `Node ${version} for this system's C library (musl) is not in the npm registry: install Node 24 with your system's packages.`,
    )
  }
  const platform = windows
    ? 'win'
    : process.platform === 'darwin' && process.arch === 'arm64'
      ? 'bin-darwin'
      : process.platform
  const name = `node-${platform}-${process.arch}`
  const major = version.split('.')[0]
  const modules = await fetch(`node-${version}`, [...new Set([`${name}@${version}`, `${name}@${major}`])], env)
  return join(modules, name, 'bin')
}

/** `pnpm install`; frozen unless `update`. */
export async function installDependencies(env, update) {
  const first = !existsSync(join(root, 'node_modules'))
  if (first) console.error('installing the dependencies')
  const lockfile = update ? '--no-frozen-lockfile' : '--frozen-lockfile'
  const { status, output } = await capture('pnpm', ['install', lockfile], { cwd: root, env })
  if (status === 0) return
  if (first) removeDependencies()
  if (status > 128) throw new Failure('The install was interrupted.')
  if (/ERR_PNPM_(OUTDATED_LOCKFILE|PACKAGE_MANAGER_NO_IMPORTER)/.test(output)) {
    throw new Failure(
      'pnpm-lock.yaml does not fit the package.json files: run SCITOKENS_LOCKFILE=update node tools/dev.mjs and commit the change.',
    )
  }
  if (kindOf(output) === 'other') console.error(output)
  throw new Failure(sentence('the dependencies', output))
}

/** Takes the folder away that a failed first run would leave behind. */
export function forgetEmptyToolchain() {
  try {
    rmdirSync(toolchain)
  } catch {
    // Not empty, or not there: both are fine.
  }
}

function removeDependencies() {
  const groups = ['packages', 'examples', 'tests'].map((name) => join(root, name)).filter((path) => existsSync(path))
  const members = groups.flatMap((group) => readdirSync(group).map((name) => join(group, name, 'node_modules')))
  for (const folder of [join(root, 'node_modules'), join(root, 'tools', 'node_modules'), ...members]) {
    if (existsSync(folder)) rmSync(folder, { recursive: true })
  }
}

/** The published packages' `engines`: ^22.22.2 || ^24.15.0 || >=26. */
function nodeIsSupported(version) {
  const [major, minor, patch] = version.split('.').map(Number)
  return (major === 22 && (minor > 22 || (minor === 22 && patch >= 2))) || (major === 24 && minor >= 15) || major >= 26
}

async function pnpmIsSupported(env) {
  try {
    const { status, output } = await capture('pnpm', ['--version'], {
      cwd: root,
      env: { ...env, COREPACK_ENABLE_DOWNLOAD_PROMPT: '0' },
    })
    return status === 0 && output.trim().split('.')[0] === pnpmVersion.split('.')[0]
  } catch (error) {
    if (error.code === 'ENOENT') return false
    throw error
  }
}

function isMusl() {
  return process.platform === 'linux' && process.report.getReport().header.glibcVersionRuntime === undefined
}

/** Installs the first of `specs` that exists into `.toolchain/<folder>`; a folder appears whole or not at all. */
async function fetch(folder, specs, env) {
  const place = join(toolchain, folder)
  if (existsSync(place)) return join(place, 'node_modules')
  console.error(`fetching ${specs[0]} from the npm registry`)
  const fetching = mkdtempSync(join(toolchain, 'fetching-'))
  try {
    for (const spec of specs) {
      const { status, output } = await capture('npm', npmInstall(fetching, spec), { cwd: fetching, env })
      if (status === 0) {
        // Tools are no secret: whoever may read the work tree may use them.
        chmodSync(fetching, 0o755)
        renameSync(fetching, place)
        return join(place, 'node_modules')
      }
      if (status > 128) throw new Failure('Fetching was interrupted.')
      if (kindOf(output) === 'missing' && spec !== specs.at(-1)) continue
      if (kindOf(output) === 'other') console.error(output)
      throw new Failure(sentence(spec, output))
    }
  } catch (error) {
    if (error.code === 'ENOENT' && error.syscall?.startsWith('spawn')) {
      throw new Failure("npm is missing: install Node 24 with npm from https://nodejs.org or your system's packages.")
    }
    throw error
  } finally {
    rmSync(fetching, { recursive: true, force: true })
  }
}

// Platform packages are plain archives: no script of theirs needs to run.
function npmInstall(prefix, spec) {
  const quiet = ['--no-audit', '--no-fund', '--loglevel=error']
  const patience = ['--fetch-retries=2', '--fetch-retry-mintimeout=1000', '--fetch-retry-maxtimeout=5000']
  return [
    'install',
    '--prefix',
    prefix,
    '--no-save',
    '--no-package-lock',
    '--ignore-scripts',
    ...quiet,
    ...patience,
    spec,
  ]
}
