import type { ReloadOutcome } from '@scitokens/service'
import type { Command } from 'commander'
import { type Invocation, onAction, type Registry } from '../command.ts'
import { ended } from '../ended.ts'
import { withExamples } from '../examples.ts'
import { EXIT, type ExitCode } from '../exit-codes.ts'
import { issuerLogger } from '../issuer-logger.ts'
import type { Output } from '../output.ts'

/** Adds `scitokens issuer serve`. */
export function addIssuerServe(group: Command, registry: Registry): void {
  const command = group
    .command('serve')
    .summary('run the issuer')
    .description(
      'Runs the issuer of a configuration file until SIGTERM; requests that have begun are finished. SIGHUP makes it read the file again: ' +
        'clients, policy, limits and certificate change at once, or nothing does if there is a mistake. The log is on standard error.',
    )
    .argument('<file>', 'configuration in YAML or JSON')
  withExamples(command, [['by systemd', 'scitokens issuer serve /etc/scitokens/issuer.yaml']])
  onAction(command, registry, serve)
}

async function serve({ context, output }: Invocation<object>, file: string): Promise<ExitCode> {
  const { serveIssuer } = await import('@scitokens/issuer-server')
  const { activationFrom } = await import('@scitokens/service')
  const served = await serveIssuer(file, {
    env: context.env,
    logger: issuerLogger(context, 'debug'),
    clock: context.clock,
    activation: activationFrom(context.env, process.pid),
  })
  const issuers = served.issuer.realms.map(({ issuer }) => issuer)
  const { address, operationsAddress } = served
  const health = operationsAddress === undefined ? '' : `, health and metrics on ${operationsAddress}`
  output.event(
    { type: 'listening', issuers, address, operationsAddress },
    `${issuers.join(', ')} on ${address}${health}`,
  )
  context.signals?.on('SIGHUP', () => void served.reload().then((outcome) => tell(output, file, outcome)))
  await ended(context.signal)
  await served.stop()
  output.event({ type: 'ended' }, 'ended')
  return EXIT.yes
}

function tell(output: Output, file: string, { ok, needsRestart }: ReloadOutcome): void {
  output.event({ type: 'reloaded', ok, needsRestart }, ok ? `read ${file} again` : `${file} was not taken over`)
}
