// Times what a newcomer waits for: `node tools/measure-clone.mjs [--no-tests] [REPOSITORY]`. Clones into a new folder whose
// path has a space, first with an empty home directory (everything is downloaded), then with what that left in the caches.
// Prints the table of docs/benchmarks.md; with --no-tests only the rows of `npm start`. Needs git, Node 20 and npm 11.
import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const words = process.argv.slice(2)
const withTests = !words.includes('--no-tests')
const repository = words.find((word) => !word.startsWith('--')) ?? dirname(dirname(fileURLToPath(import.meta.url)))
const temp = mkdtempSync(join(tmpdir(), 'measure clone '))
const home = join(temp, 'home')
mkdirSync(home)

/** Runs a command; resolves to seconds until its end and until the first line of output that matches `mark`. */
function time(cwd, command, args, mark = /^/) {
  const start = performance.now()
  const seconds = () => (performance.now() - start) / 1000
  return new Promise((resolve, reject) => {
    const env = { PATH: process.env.PATH, HOME: home, CI: 'true' }
    const child = spawn(command, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] })
    let output = ''
    let first
    const onData = (chunk) => {
      output += chunk
      if (first === undefined && mark.test(output)) first = seconds()
    }
    child.stdout.on('data', onData)
    child.stderr.on('data', onData)
    child.once('error', reject)
    child.once('close', (status) => {
      if (status === 0) resolve({ first, end: seconds() })
      else reject(new Error(`${command} ${args.join(' ')} ended with ${status}:\n${output}`))
    })
  })
}

const decision = /\b(allowed|refused)\b/i
const rows = []
try {
  for (const [name, caches] of [
    ['first', 'empty'],
    ['second', 'warm'],
  ]) {
    const tree = join(temp, `${name} clone`)
    const clone = await time(temp, 'git', ['clone', '--quiet', repository, tree])
    const start = await time(tree, 'npm', ['start', '--', '--once'], decision)
    const again = await time(tree, 'npm', ['start', '--', '--once'], decision)
    rows.push(
      [`clone to first decision (\`npm start\`), ${caches} caches`, clone.end + start.first],
      [`second \`npm start\`, to the first decision, ${caches} caches`, again.first],
    )
    if (!withTests) continue
    const test = await time(tree, 'npm', ['test'])
    const testAgain = await time(tree, 'npm', ['test'])
    rows.push(
      [`clone to green tests (\`npm test\` after \`npm start\`), ${caches} caches`, clone.end + start.end + test.end],
      [`second \`npm test\`, ${caches} caches`, testAgain.end],
    )
  }
} finally {
  rmSync(temp, { recursive: true, force: true })
}
console.log(`${cpus().length} × ${cpus()[0].model}, Node ${process.versions.node} outside the toolchain\n`)
console.log('| what | seconds |\n| --- | ---: |')
for (const [what, seconds] of rows) console.log(`| ${what} | ${seconds.toFixed(1)} |`)
