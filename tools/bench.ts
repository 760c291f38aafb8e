// `npm run bench`: runs the benchmarks, one after the other on a quiet machine; `npm run bench -- core issuer` only those
// whose path contains a word. A benchmark is a program in a folder `bench` whose output is its result.
import { globSync } from 'node:fs'
import { root, run } from './process.ts'

const words = process.argv.slice(2)
const programs = globSync('{packages,examples,tests}/*/bench/*.bench.ts', { cwd: root })
  .toSorted()
  .filter((path) => words.length === 0 || words.some((word) => path.includes(word)))
if (programs.length === 0) throw new Error(`no benchmark matches ${words.join(' ')}`)
for (const program of programs) {
  console.log(`\n## ${program}\n`)
  if ((await run('node', ['--conditions=@scitokens/source', '--expose-gc', program])) !== 0) process.exitCode = 1
}
