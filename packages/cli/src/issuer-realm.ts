import { InvalidRequestError } from '@scitokens/core'
import type { Issuer } from '@scitokens/issuer'
import type { Command } from 'commander'
import type { CliContext } from './context.ts'
import { issuerLogger } from './issuer-logger.ts'

/** One issuer of a configuration. */
export type Realm = Issuer['realms'][number]

/** Options of commands that work on an issuer's database. */
export interface RealmOptions {
  readonly config: string
  readonly issuer?: string
}

/** Adds the options that say which issuer is meant. */
export function withRealmOptions(command: Command): Command {
  return command
    .requiredOption('--config <file>', 'the configuration of the issuer')
    .option('--issuer <url>', 'which issuer, where the file has several (default: the first)')
}

/** Opens the database of an issuer for one piece of work. A running issuer may have it open as well. */
export async function withRealm<T>(
  { config, issuer: name }: RealmOptions,
  context: CliContext,
  work: (realm: Realm) => Promise<T>,
): Promise<T> {
  const { openConfiguredIssuer } = await import('@scitokens/issuer-server')
  const issuer = await openConfiguredIssuer(config, {
    env: context.env,
    logger: issuerLogger(context),
    clock: context.clock,
  })
  try {
    const realm = issuer.realms.find((one) => name === undefined || one.issuer === name)
    if (!realm) throw new InvalidRequestError('invalid_request', `${config} has no issuer ${name}`)
    return await work(realm)
  } finally {
    await issuer.close()
  }
}
