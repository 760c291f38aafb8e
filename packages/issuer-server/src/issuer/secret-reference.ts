import { open } from 'node:fs/promises'
import { ConfigError } from '@scitokens/core'
import type { SecretReference } from '../config/values.ts'

/** Largest secret, in bytes. */
const MAX_BYTES = 65_536

/**
 * Reads a secret from the file or environment variable that the configuration names; white space at its end is not part of it.
 * A file that others may read is refused. Throws `config_error`, which never tells the secret.
 *
 * @param key - the configuration's key, for messages.
 */
export async function resolveSecret(reference: SecretReference, key: string, env: NodeJS.ProcessEnv): Promise<string> {
  const value = 'env' in reference ? env[reference.env] : await readSecretFile(reference.file, key)
  const secret = value?.trimEnd()
  if (!secret) {
    const where = 'env' in reference ? `the environment variable ${reference.env}` : `the file ${reference.file}`
    throw new ConfigError('config_error', `${key}: ${where} is ${value === undefined ? 'not set' : 'empty'}`)
  }
  return secret
}

async function readSecretFile(path: string, key: string): Promise<string> {
  let file
  try {
    file = await open(path, 'r')
  } catch (cause) {
    throw new ConfigError(
      'config_error',
      `${key}: the file ${path} cannot be read (${(cause as NodeJS.ErrnoException).code})`,
    )
  }
  try {
    const { mode, size } = await file.stat()
    if ((mode & 0o077) !== 0)
      throw new ConfigError('config_error', `${key}: the file ${path} may be read by others, set its mode to 0600`)
    if (size > MAX_BYTES) throw new ConfigError('config_error', `${key}: the file ${path} is over ${MAX_BYTES} bytes`)
    return await file.readFile('utf8')
  } finally {
    await file.close()
  }
}
