import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { UndecidedError } from '@scitokens/core'
import { BoundedMap } from '@scitokens/core/internal'

/** An account of this machine. */
export interface Account {
  /** Name of the account. */
  readonly name: string
  /** User id of the account. */
  readonly uid: number
  /** Id of the account's own group. */
  readonly gid: number
}

/** Looks accounts up by user id or name; undefined when there is none. */
export type AccountLookup = (user: number | string) => Promise<Account | undefined>

const run = promisify(execFile)
const MEMORY_SECONDS = 300
/** Who asks may name anybody. */
const MAX_ACCOUNTS = 10_000

/** Accounts as the name service switch has them: files, LDAP, sssd. Node reads none of these, `getent` does. */
export function systemAccounts(): AccountLookup {
  const known = new BoundedMap<number | string, { account: Account | undefined; at: number }>({
    maxEntries: MAX_ACCOUNTS,
  })
  return async (user) => {
    const now = performance.now() / 1000
    const memory = known.get(user)
    if (memory && now - memory.at < MEMORY_SECONDS) return memory.account
    const account = await getent(user)
    known.set(user, { account, at: now })
    return account
  }
}

async function getent(user: number | string): Promise<Account | undefined> {
  try {
    // `--` so that no name is taken for an option.
    const { stdout } = await run('getent', ['passwd', '--', String(user)], { timeout: 10_000 })
    const [name, , uid, gid] = stdout.trim().split(':')
    const account = { name: name!, uid: Number(uid), gid: Number(gid) }
    // getent takes a name of digits for a user id.
    return account.name === user || account.uid === user ? account : undefined
  } catch (error) {
    if ((error as { code?: unknown }).code === 2) return undefined // getent(1): the key was not found
    throw new UndecidedError('undecided', `the account ${String(user)} cannot be looked up`, { cause: error })
  }
}
