// `npm run test:matrix`: the whole suite under each supported Node, one after the other, with a line for each at the end.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { withLock } from './bootstrap/lock.mjs'
import { fetchNode, toolchain } from './bootstrap/toolchain.mjs'
import { capture } from './process.ts'
import { runVitest } from './vitest-count.ts'

const lines: string[] = []
for (const major of ['22', '24', '26']) {
  const folder = await withLock(toolchain, () => fetchNode(major, process.env))
  const env = { ...process.env, PATH: [folder, process.env['PATH']].join(delimiter) }
  const { output } = await capture('node', ['--version'], { env })
  const temp = mkdtempSync(join(tmpdir(), 'scitokens-test-'))
  try {
    const { passed, failed } = await runVitest(process.argv.slice(2), temp, env)
    lines.push(`Node ${output.trim()}: ${passed} passed, ${failed} failed`)
    if (failed > 0) process.exitCode = 1
  } finally {
    rmSync(temp, { recursive: true, force: true })
  }
}
console.log(lines.join('\n'))
