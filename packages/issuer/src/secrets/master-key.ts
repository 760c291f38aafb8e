import { randomBytes } from 'node:crypto'
import { closeSync, fstatSync, fsyncSync, openSync, readFileSync, writeSync } from 'node:fs'
import { ConfigError } from '@scitokens/core'
import { MASTER_KEY_BYTES, Secrets } from './secrets.ts'

/** The key that protects everything at rest. */
export type MasterKeyOptions =
  /** The key itself: 32 bytes or more. */
  | { readonly value: Uint8Array }
  /**
   * A file with at least 32 bytes, as base64url or hex, readable by its owner only. `create`: made where it is missing. Default: false.
   */
  | { readonly file: string; readonly create?: boolean }

/**
 * Finds or makes the master key. Throws `config_error`; never quotes the key.
 *
 * @param fallback - where it lies unless options say: in this file, made where it is missing, in memory only, or nowhere.
 */
export function loadSecrets(
  options: MasterKeyOptions | undefined,
  fallback: { readonly file: string } | 'memory' | 'named',
): Secrets {
  if (options && 'value' in options) return new Secrets(options.value)
  if (options) return new Secrets(readKeyFile(options.file, options.create ?? false))
  if (fallback === 'memory') return new Secrets(randomBytes(MASTER_KEY_BYTES))
  if (fallback === 'named')
    throw new ConfigError('config_error', 'masterKey: a store that several instances share needs a key that they share')
  return new Secrets(readKeyFile(fallback.file, true))
}

function readKeyFile(path: string, create: boolean): Uint8Array {
  if (create) makeKeyFile(path)
  let descriptor: number
  try {
    descriptor = openSync(path, 'r')
  } catch (cause) {
    throw new ConfigError('config_error', `masterKey: the file ${path} cannot be read`, { cause })
  }
  try {
    const { mode } = fstatSync(descriptor)
    if (process.platform !== 'win32' && (mode & 0o077) !== 0) {
      throw new ConfigError('config_error', `masterKey: the file ${path} can be read by others: chmod 600 it`)
    }
    return decodeKey(readFileSync(descriptor, 'utf8').trim(), path)
  } finally {
    closeSync(descriptor)
  }
}

function decodeKey(text: string, path: string): Uint8Array {
  const bytes = /^[0-9a-fA-F]+$/.test(text) ? Buffer.from(text, 'hex') : Buffer.from(text, 'base64url')
  if (bytes.length < MASTER_KEY_BYTES) {
    throw new ConfigError(
      'config_error',
      `masterKey: the file ${path} must hold ${MASTER_KEY_BYTES} bytes or more, as base64url or hex`,
    )
  }
  return bytes
}

/** Of two processes that start at once, one makes the file; neither ever sees a half-written one of the other for long. */
function makeKeyFile(path: string): void {
  let descriptor: number
  try {
    descriptor = openSync(path, 'wx', 0o600)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return
    throw new ConfigError('config_error', `masterKey: the file ${path} cannot be made`, { cause: error })
  }
  try {
    writeSync(descriptor, `${randomBytes(MASTER_KEY_BYTES).toString('base64url')}\n`)
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
}
