import { given } from '@scitokens/core/internal'
import type { Command } from 'commander'
import { type Invocation, onAction, type Registry } from '../command.ts'
import { withExamples } from '../examples.ts'
import { EXIT, type ExitCode } from '../exit-codes.ts'
import { parseInteger } from '../option-parsers.ts'

interface InitOptions {
  readonly issuer: string
  readonly client?: string
  readonly operationsPort?: number
  readonly stateDirectory?: string
  readonly logDirectory?: string
  readonly dangerouslyAllowLoopbackHttp?: boolean
}

/** Adds `scitokens issuer init`. */
export function addIssuerInit(group: Command, registry: Registry): void {
  const command = group
    .command('init')
    .summary('write a configuration to start from')
    .description('Writes issuer.yaml and the secret of a first client into a directory. What is there already is kept.')
    .argument('<directory>', 'made if missing')
    .requiredOption('--issuer <url>', 'the URL of the issuer, exactly as it will stand in tokens')
    .option('--client <name>', 'name of the first client', 'robot')
    .option('--state-directory <dir>', 'where database and master key will be (default: the same directory)')
    .option('--log-directory <dir>', 'where the audit will be (default: the state directory)')
    .option(
      '--operations-port <port>',
      'of health and metrics, on this machine (default: 9464)',
      parseInteger(0, 65_535),
    )
    .option('--dangerously-allow-loopback-http', 'accept an issuer at http:// on this machine: for tests')
  withExamples(command, [
    [
      'a first issuer on this machine',
      'scitokens issuer init ./vo --issuer http://127.0.0.1:8080 --dangerously-allow-loopback-http',
    ],
  ])
  onAction(command, registry, init)
}

async function init({ output, options }: Invocation<InitOptions>, directory: string): Promise<ExitCode> {
  const { initIssuer } = await import('@scitokens/issuer-server')
  // Named one by one: beside them stand the options of every command, such as --json.
  const { issuer, client, stateDirectory, logDirectory, operationsPort, dangerouslyAllowLoopbackHttp } = options
  const wished = { client, stateDirectory, logDirectory, operationsPort, dangerouslyAllowLoopbackHttp }
  const result = await initIssuer(directory, { issuer, ...given(wished) })
  output.result(result, () =>
    [
      `wrote ${result.configFile}`,
      `wrote ${result.secretFile}`,
      '',
      `next:  scitokens issuer check ${result.configFile}`,
      `then:  scitokens issuer serve ${result.configFile}`,
    ].join('\n'),
  )
  return EXIT.yes
}
