// `npm run weigh`: what installing each package brings along, and how long importing it takes. Needs the archives of
// `npm run check -- build pack`. `npm run weigh -- core issuer` weighs these alone. Prints the table of docs/benchmarks.md.
import { execFileSync } from 'node:child_process'
import { lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { packages } from './packages.ts'
import { root } from './process.ts'

const RUNS = 11
const archives = join(root, 'temp', 'tarballs')
const words = process.argv.slice(2)
const temp = mkdtempSync(join(tmpdir(), 'scitokens-weigh-'))
try {
  console.log('| package | packages with it, ours / of others | MB | import, ms |\n| --- | --- | --- | --- |')
  for (const { id, manifest } of packages.filter((one) => words.length === 0 || words.includes(one.id))) {
    const folder = install(id, manifest.name)
    const installed = packagesBelow(join(folder, 'node_modules'))
    const ours = installed.filter((name) => name.startsWith('@scitokens/')).length
    const megabytes = (sizeOf(join(folder, 'node_modules')) / 1e6).toFixed(1)
    const [entry = '.'] = Object.keys(manifest.exports).filter((subpath) => subpath !== './package.json')
    const took = medianImport(folder, `${manifest.name}${entry.slice(1)}`).toFixed(0)
    console.log(`| \`${id}\` | ${ours} / ${installed.length - ours} | ${megabytes} | ${took} |`)
  }
} finally {
  rmSync(temp, { recursive: true })
}

/** Installs one of our packages as from the registry, without optional and peer dependencies. */
function install(id: string, name: string): string {
  const folder = join(temp, id)
  mkdirSync(folder)
  const ours = Object.fromEntries(packages.map((one) => [one.manifest.name, `file:${archiveOf(one.manifest.name)}`]))
  const manifest = { private: true, type: 'module', dependencies: { [name]: ours[name] }, overrides: ours }
  writeFileSync(join(folder, 'package.json'), JSON.stringify(manifest))
  const flags = ['--omit=optional', '--omit=peer', '--no-audit', '--no-fund', '--ignore-scripts', '--loglevel=error']
  execFileSync('npm', ['install', ...flags], { cwd: folder, stdio: ['ignore', 'ignore', 'inherit'] })
  return folder
}

function archiveOf(name: string): string {
  const start = `${name.replace('@', '').replace('/', '-')}-`
  const file = readdirSync(archives).find((one) => one.startsWith(start) && /^\d/.test(one.slice(start.length)))
  if (file === undefined) throw new Error(`no archive of ${name}: run npm run check -- build pack`)
  return join(archives, file)
}

/** Names of all packages that an install left, each as often as there are copies. */
function packagesBelow(modules: string): string[] {
  const lock = JSON.parse(readFileSync(join(modules, '.package-lock.json'), 'utf8')) as { packages: object }
  return Object.keys(lock.packages).map((path) => path.slice(path.lastIndexOf('node_modules/') + 13))
}

function sizeOf(path: string): number {
  const entry = lstatSync(path)
  if (!entry.isDirectory()) return entry.size
  return readdirSync(path).reduce((sum, name) => sum + sizeOf(join(path, name)), 0)
}

/** Milliseconds that a fresh process takes to import an entry; the median of several processes. */
function medianImport(folder: string, entry: string): number {
  const script = `const start = performance.now(); await import('${entry}'); console.log(performance.now() - start); process.exit()`
  const times = Array.from({ length: RUNS }, () =>
    Number(execFileSync(process.execPath, ['--input-type=module', '-e', script], { cwd: folder, encoding: 'utf8' })),
  )
  return times.toSorted((a, b) => a - b)[Math.floor(RUNS / 2)]!
}
