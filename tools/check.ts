// `npm run check`: everything that keeps the house in order, apart from the tests. Runs all steps, or those named as
// arguments, and ends with a line for each. `--update` lets the step `api` write its reports anew.
import { existsSync, globSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { packages } from './packages.ts'
import { capture, root, run } from './process.ts'

const update = process.argv.includes('--update') ? ['--update'] : []
const tarballs = join(root, 'temp', 'tarballs')

const steps: Readonly<Record<string, () => Promise<boolean>>> = {
  lint: () => succeeds('oxlint', ['--type-aware', '--deny-warnings']),
  format: () => succeeds('biome', ['format']),
  unused: () => succeeds('knip', ['--no-config-hints']),
  layers: () => succeeds('turbo', ['boundaries']),
  picture: () => succeeds('node', [join(root, 'tools', 'picture.ts')]),
  build,
  pack,
  packaging: checkTarballs,
  api: () => succeeds('node', [join(root, 'tools', 'api.ts'), ...update]),
  dist: () => succeeds('vitest', ['run', '--root', join(root, 'tests', 'dist')]),
}

/** Builds, after removing what a source that is gone left in `dist`: the compiler never deletes, and it would be published. */
async function build(): Promise<boolean> {
  for (const { folder } of packages) {
    // A bundle has no source of its own name; whoever writes one clears its folder first.
    for (const file of globSync('dist/**/*.{js,d.ts}{,.map}', { cwd: folder, exclude: ['dist/bundle'] })) {
      const source = file.replace(/^dist/, 'src').replace(/(\.js|\.d\.ts)(\.map)?$/, '.ts')
      if (!existsSync(join(folder, source))) rmSync(join(folder, file))
    }
  }
  return succeeds('turbo', ['run', 'build', '--output-logs=errors-only'])
}

/** The archives exactly as they would be published. */
async function pack(): Promise<boolean> {
  rmSync(tarballs, { recursive: true, force: true })
  for (const { folder } of packages) {
    const { status, output } = await capture('pnpm', ['pack', '--pack-destination', tarballs], { cwd: folder })
    if (status !== 0) {
      console.error(output)
      return false
    }
  }
  return true
}

async function checkTarballs(): Promise<boolean> {
  let good = true
  for (const tarball of readdirSync(tarballs).map((name) => join(tarballs, name))) {
    for (const [command, ...args] of [
      ['publint', tarball, '--strict'],
      ['attw', tarball, '--profile', 'esm-only', '--no-emoji'],
    ] as const) {
      const { status, output } = await capture(command, args)
      if (status !== 0) console.error(output)
      good &&= status === 0
    }
  }
  return good
}

async function succeeds(command: string, args: readonly string[]): Promise<boolean> {
  return (await run(command, args)) === 0
}

const named = process.argv.slice(2).filter((argument) => argument !== '--update')
const unknown = named.find((name) => steps[name] === undefined)
if (unknown !== undefined) throw new Error(`no step ${unknown}; there are ${Object.keys(steps).join(', ')}`)
const lines: string[] = []
for (const [name, step] of Object.entries(steps)) {
  if (named.length > 0 && !named.includes(name)) continue
  console.log(`\n── ${name}`)
  const start = performance.now()
  const good = await step()
  if (!good) process.exitCode = 1
  lines.push(`${good ? 'ok  ' : 'FAIL'} ${name.padEnd(10)} ${((performance.now() - start) / 1000).toFixed(1)} s`)
}
console.log(`\n${lines.join('\n')}`)
