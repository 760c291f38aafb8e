// An issuer from a configuration file, as `scitokens issuer serve` runs it. What it logs is on standard error.
import { activationFrom } from '@scitokens/service'
import { serveIssuer } from '@scitokens/issuer-server'

const write = (level: string) => (_: object, message: string) => void process.stderr.write(`${level} ${message}\n`)
const served = await serveIssuer(process.argv[2]!, {
  env: process.env,
  logger: { info: write('info'), warn: write('warn'), error: write('error') },
  activation: activationFrom(process.env, process.pid),
})
process.once('SIGTERM', () => void served.stop())
