// A server that stands on the service, with options in JSON on its command line. What it logs is on standard error, where it listens on
// standard output.
import { readFileSync } from 'node:fs'
import { setTimeout } from 'node:timers/promises'
import { ConfigError } from '@scitokens/core'
import { activationFrom, openService, type ServiceOptions } from '@scitokens/service'

const { problem, ...options } = JSON.parse(process.argv[2] ?? '{}') as ServiceOptions & {
  /** A file whose text keeps the server from starting. */
  readonly problem?: string
}
const write = (level: string) => (_: object, message: string) => process.stderr.write(`${level} ${message}\n`)

const service = await openService({
  ...options,
  activation: activationFrom(process.env, process.pid),
  logger: { info: write('info'), warn: write('warn'), error: write('error') },
})
try {
  await service.serve(async ({ http }) => {
    const why = problem === undefined ? '' : readFileSync(problem, 'utf8')
    if (why !== '') throw new ConfigError('config_error', why)
    let reloads = 0
    http(async ({ url = '' }, response) => {
      if (url === '/die') process.kill(process.pid, 'SIGKILL')
      if (url === '/slow') await setTimeout(500)
      response.end(`hello of ${process.pid}, ${reloads} reloads\n`)
    })
    return { reload: () => ({ takeOver: () => void (reloads += 1) }) }
  })
  if (service.addresses.length > 0)
    process.stdout.write(`${JSON.stringify({ addresses: service.addresses, operations: service.operationsAddress })}\n`)
  await service.stopped
} catch (error) {
  process.stderr.write(`failed: ${(error as Error).message}\n`)
  process.exitCode = 1
}
