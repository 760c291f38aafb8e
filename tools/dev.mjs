// Runs a command of this work tree under the pinned Node and pnpm, fetching either from the npm registry when the
// machine lacks it, and brings the dependencies up to date first. Needs nothing but Node 20 and npm.
//
//   node tools/dev.mjs                               fetch and install only
//   node tools/dev.mjs vitest run                    run a tool in the root of the work tree
//   node tools/dev.mjs --keep-cwd some/script.ts a   run a script of the work tree in the caller's directory
//
// SCITOKENS_LOCKFILE=update lets the install change pnpm-lock.yaml.
import { join } from 'node:path'
import { explain, Failure } from './bootstrap/failure.mjs'
import { forgetEmptyToolchain, installDependencies, root, toolchain, toolchainPath } from './bootstrap/toolchain.mjs'
import { withLock } from './bootstrap/lock.mjs'
import { cleanEnvironment, run } from './bootstrap/run.mjs'

async function main(args) {
  if (Number(process.versions.node.split('.')[0]) < 20) {
    throw new Failure(
      `Node ${process.versions.node} is too old to start from: install Node 24 (or at least 20) from https://nodejs.org or your system's packages.`,
    )
  }
  const env = { TURBO_TELEMETRY_DISABLED: '1', ...cleanEnvironment(process.env) }
  await withLock(toolchain, async () => {
    env.PATH = await toolchainPath(env)
    await installDependencies(env, process.env.SCITOKENS_LOCKFILE === 'update')
  })
  if (args.length === 0) return 0
  // Programs run from TypeScript: Node keeps what it made of each file, which halves the start of a program.
  env.NODE_COMPILE_CACHE ??= join(root, 'node_modules', '.cache', 'node')
  if (args[0] !== '--keep-cwd') return run(args[0], args.slice(1), { cwd: root, env })
  const [script, ...rest] = args.slice(1)
  const cwd = process.env.INIT_CWD || process.cwd()
  return run('node', ['--conditions=@scitokens/source', join(root, script), ...rest], { cwd, env })
}

try {
  process.exitCode = await main(process.argv.slice(2))
} catch (error) {
  forgetEmptyToolchain()
  console.error(explain(error))
  process.exitCode = 1
}
