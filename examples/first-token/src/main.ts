// npm start: a token goes from the issuer to a guarded file, with nothing to configure. See README.md.
import { parseArgs } from 'node:util'
import { runDemo } from './demo.ts'
import { DemoError } from './working-directory.ts'

const USAGE = `npm start              run the demonstration and keep both servers up
npm start -- --once    end after the steps: status 0 if every decision was right`

async function main(): Promise<number> {
  let options: { once?: boolean; help?: boolean }
  try {
    options = parseArgs({ options: { once: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } } }).values
  } catch (error) {
    console.error(`${(error as Error).message}\n${USAGE}`)
    return 2
  }
  if (options.help) {
    console.log(USAGE)
    return 0
  }
  const stop = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => stop.abort())
  // Whoever reads us may go away early (`npm start | head`): that is an end like any other.
  process.stdout.on('error', () => stop.abort())
  try {
    return await runDemo({ once: options.once ?? false, stop: stop.signal })
  } catch (error) {
    console.error(error instanceof DemoError ? error.message : error)
    return 1
  }
}

process.exitCode = await main()
