import { ConfigError, KeySet, type Signer, UndecidedError } from '@scitokens/core'
import type { KeyProvider } from './key-provider.ts'
import type { KeyRecord } from './key-schedule.ts'

/**
 * Opens the private half of a stored key, and lets it sign once: whoever can write to the database must not be able to put a
 * public key of his own in its place, and a key that verifiers would refuse must be seen here before they do.
 *
 * Throws `config_error` where the halves do not fit or the entry was damaged, `undecided` where the key cannot sign just now.
 */
export async function openKey(record: KeyRecord, provider: KeyProvider): Promise<Signer> {
  const { alg, kid, publicJwk, generation, signFrom } = record
  if (typeof kid !== 'string' || !Number.isSafeInteger(generation) || !Number.isFinite(signFrom)) {
    throw new ConfigError('config_error', 'an entry about a signing key in the database is damaged')
  }
  const signer = await provider.open(record, alg)
  const keySet = await KeySet.fromJwks({ keys: [{ ...publicJwk, kid, alg, use: 'sig' }] })
  const probe = new TextEncoder().encode(`scitokens issuer: is this ${kid}?`)
  let signature: Uint8Array<ArrayBuffer>
  try {
    signature = await signer.sign(probe)
  } catch (cause) {
    throw new UndecidedError('undecided', `the signing key ${kid} cannot sign just now`, {
      reason: 'unavailable',
      cause,
    })
  }
  if (!(await keySet.keys[0]?.verify(alg, probe, signature))) {
    throw new ConfigError('config_error', `the signing key ${kid} and the public key in its database entry do not fit`)
  }
  return signer
}
