import { randomBytes } from 'node:crypto'
import { dirname } from 'node:path'
import { ConfigError } from '@scitokens/core'
import { quote } from '@scitokens/core/internal'
import { createPrivateFile, directoryInOtherHands, makeDirectory, readPrivateFile } from '@scitokens/host/files'

/** Bytes of a key: AES-256. */
const KEY_BYTES = 32

const WHAT = 'the key file'

/**
 * Reads the key that encrypts stored secrets, and makes it (mode 0600) when there is none yet. Two processes that make it at
 * once end up with the same one.
 *
 * Throws `config_error` when the file is not a key, or others could read or replace it.
 */
export function loadKeyFile(file: string): Buffer {
  const known = readKey(file)
  if (known !== undefined) return known
  makeDirectory(dirname(file))
  createPrivateFile(file, `${randomBytes(KEY_BYTES).toString('base64url')}\n`, WHAT)
  const made = readKey(file)
  if (made === undefined) throw new ConfigError('config_error', `${WHAT} ${quote(file)} is gone again`)
  return made
}

function readKey(file: string): Buffer | undefined {
  // No link is followed: its owner could choose the key.
  const bytes = readPrivateFile(file, { what: WHAT, refuseLink: true })
  if (bytes === undefined) return undefined
  // Nor is a sticky directory such as /tmp a place for it: whoever was there first could have left another one.
  const way = directoryInOtherHands(dirname(file))
  if (way !== undefined)
    throw new ConfigError('config_error', `${WHAT} ${quote(file)} could be replaced by others: ${way}`)
  const text = bytes.toString('latin1').trim()
  const key = Buffer.from(text, 'base64url')
  if (key.length === KEY_BYTES && key.toString('base64url') === text) return key
  throw new ConfigError('config_error', `${quote(file)} is not a key of the token manager`)
}
