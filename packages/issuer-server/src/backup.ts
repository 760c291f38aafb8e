import { closeSync, openSync, rmSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { ConfigError, InvalidRequestError } from '@scitokens/core'
import { DatabaseTurns } from '@scitokens/host/files'
import { readConfigFile } from './config/config-file.ts'

/**
 * Copies the SQLite database of a configuration while the issuer runs: the copy is the database as it is at one moment, in one file. The
 * master key is not in it. Throws `config_error`; `invalid_request` for a database that is not SQLite and for a target that is there.
 *
 * @param path - of the configuration file.
 * @param target - the copy, made 0600.
 */
export async function backupIssuer(path: string, target: string): Promise<{ readonly database: string }> {
  const { storage } = (await readConfigFile(path)).config
  if (!('file' in storage)) throw new InvalidRequestError('invalid_request', 'this issuer has PostgreSQL: use pg_dump')
  let source: DatabaseSync
  try {
    source = new DatabaseSync(storage.file, { readOnly: true })
  } catch (cause) {
    throw new ConfigError('config_error', `storage.file: ${storage.file} cannot be opened`, { cause })
  }
  try {
    makeEmpty(target)
    await new DatabaseTurns(5000).run(() => source.prepare('VACUUM INTO ?').run(target))
  } catch (cause) {
    if (cause instanceof InvalidRequestError) throw cause
    rmSync(target, { force: true })
    throw new InvalidRequestError('invalid_request', `${target} could not be written: ${(cause as Error).message}`, {
      cause,
    })
  } finally {
    source.close()
  }
  return { database: storage.file }
}

/** SQLite fills an empty file, but would make one with the process's umask. */
function makeEmpty(target: string): void {
  try {
    closeSync(openSync(target, 'wx', 0o600))
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    const why = code === 'EEXIST' ? 'exists already and is kept' : `cannot be written (${code})`
    throw new InvalidRequestError('invalid_request', `${target} ${why}`, { cause })
  }
}
