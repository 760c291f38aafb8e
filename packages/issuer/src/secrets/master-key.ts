import { randomBytes } from 'node:crypto'
import { ConfigError } from '@scitokens/core'
import { flag, type OptionReaders, quote, readOptions, text, wrong } from '@scitokens/core/internal'
import { createPrivateFile, readPrivateFile } from '@scitokens/host/files'
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
  if (options !== undefined) return new Secrets(readKey(options))
  if (fallback === 'memory') return new Secrets(randomBytes(MASTER_KEY_BYTES))
  if (fallback === 'named')
    throw new ConfigError('config_error', 'masterKey: a store that several instances share needs a key that they share')
  return new Secrets(readKeyFile(fallback.file, true))
}

/** Both forms, as one: what is there decides which it is. */
const READERS: OptionReaders<{ readonly value?: Uint8Array; readonly file?: string; readonly create?: boolean }> = {
  value: (value, name) => {
    if (value instanceof Uint8Array) return value
    throw wrong(name, 'bytes, a Uint8Array', value)
  },
  file: text,
  create: flag,
}

function readKey(options: MasterKeyOptions): Uint8Array {
  const {
    value,
    file,
    create = false,
  } = readOptions<{ value?: Uint8Array; file?: string; create?: boolean }>(options, READERS, 'masterKey')
  if ((value === undefined) === (file === undefined))
    throw new ConfigError('config_error', 'masterKey: name either value or file')
  return value ?? readKeyFile(file!, create)
}

const WHAT = 'masterKey: the file'

function readKeyFile(path: string, create: boolean): Uint8Array {
  const read = (): Buffer | undefined => readPrivateFile(path, { what: WHAT, judgeWay: false })
  let content = read()
  // Not asked before: one that is there may lie where nothing can be made, such as a secret that is mounted read-only.
  if (content === undefined && create) {
    createPrivateFile(path, `${randomBytes(MASTER_KEY_BYTES).toString('base64url')}\n`, WHAT)
    content = read()
  }
  if (content === undefined)
    throw new ConfigError('config_error', `${WHAT} ${quote(path)} cannot be read: there is none`)
  const written = content.toString('utf8').trim()
  const bytes = Buffer.from(written, /^[0-9a-fA-F]+$/.test(written) ? 'hex' : 'base64url')
  if (bytes.length >= MASTER_KEY_BYTES) return bytes
  throw new ConfigError(
    'config_error',
    `${WHAT} ${quote(path)} must hold ${MASTER_KEY_BYTES} bytes or more, as base64url or hex`,
  )
}
