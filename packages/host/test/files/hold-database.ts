import { spawn } from '@scitokens-tests/programs/processes'
import { once } from 'node:events'
import { onTestFinished } from 'vitest'

const PROGRAM = `
  const { DatabaseSync } = require('node:sqlite')
  const database = new DatabaseSync(process.argv[1], { timeout: 10000 })
  database.exec('begin exclusive')
  console.log('held')
  process.stdin.once('end', () => process.exit()).resume()`

/** Another process that holds a database until it is told to let go. */
export async function holdDatabase(file: string): Promise<{ release(): Promise<void> }> {
  const child = spawn(process.execPath, ['--no-warnings', '--eval', PROGRAM, file], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  await once(child.stdout, 'data')
  return {
    release: async () => {
      const ended = once(child, 'close')
      child.stdin.end()
      await ended
    },
  }
}
