import { statSync } from 'node:fs'
import { ConfigError } from '@scitokens/core'
import { given, quote } from '@scitokens/core/internal'
import { readPrivateFile } from '@scitokens/host/files'
import type { SecretReference } from '../config/values.ts'

/**
 * Reads a secret from the file or environment variable that the configuration names; white space at its end is not part of it.
 * A file that others may read is refused. Throws `config_error`, which never tells the secret.
 *
 * @param key - the configuration's key, for messages.
 */
export async function resolveSecret(reference: SecretReference, key: string, env: NodeJS.ProcessEnv): Promise<string> {
  const value = 'env' in reference ? env[reference.env] : readSecretFile(reference.file, key)
  const secret = value?.trimEnd()
  if (!secret) {
    const where = 'env' in reference ? `the environment variable ${reference.env}` : `the file ${reference.file}`
    throw new ConfigError('config_error', `${key}: ${where} is ${value === undefined ? 'not set' : 'empty'}`)
  }
  return secret
}

/** The way to it is the operator's, who names the file: secrets that are mounted lie behind links, in directories of another account. */
function readSecretFile(path: string, key: string): string {
  const what = `${key}: the file`
  const content = readPrivateFile(path, { what, judgeWay: false, ...given({ owner: ownerForRoot(path) }) })
  if (content === undefined)
    throw new ConfigError('config_error', `${what} ${quote(path)} cannot be read: there is none`)
  return content.toString('utf8')
}

/** When root does something by hand, the secrets are the service's, of whatever account that is. */
function ownerForRoot(path: string): number | undefined {
  return process.geteuid?.() === 0 ? statSync(path, { throwIfNoEntry: false })?.uid : undefined
}
