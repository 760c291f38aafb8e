import type { FamilyName, FamilyStatus, LoginKeeper, ManagerClient } from '@scitokens/token-manager'
import type { CliContext } from './context.ts'
import { openManager, openOAuthClient, socketOf, type StateOptions } from './submit-host.ts'

/** Where a login goes. */
export interface KeeperOptions extends StateOptions {
  readonly toManager?: boolean
  readonly socketDir?: string
}

/** Keeps a login, and can be asked for a token of it. */
export interface OpenKeeper extends LoginKeeper {
  close(): void
  /** Gets a token once. Throws when the issuer gives none. */
  tryOut(name: FamilyName, signal: AbortSignal): Promise<void>
}

/** The user's own store, or with `--to-manager` the running manager, which must answer before a person is troubled. */
export async function openKeeper(options: KeeperOptions, context: CliContext): Promise<OpenKeeper> {
  if (!options.toManager) {
    const manager = await openManager(options, context)
    return {
      oauth: manager.oauth,
      enrol: (enrolment) => manager.enrol(enrolment),
      tryOut: async (name, signal) => void (await manager.accessToken({ ...name, signal })),
      close: () => manager.close(),
    }
  }
  const { ManagerClient } = await import('@scitokens/token-manager')
  // A connection for each question: while a person logs in, the manager would end an idle one.
  const ask = async <T>(work: (client: ManagerClient) => Promise<T>): Promise<T> => {
    const client = await ManagerClient.open(socketOf(options.socketDir, context.env))
    return await work(client).finally(() => client.close())
  }
  await ask(async () => {})
  return {
    oauth: await openOAuthClient(options, context),
    enrol: (enrolment) => ask(async (client) => (await client.call('enrol', enrolment)) as unknown as FamilyStatus),
    tryOut: (name) => ask(async (client) => void (await client.call('token', name))),
    close: () => {},
  }
}
