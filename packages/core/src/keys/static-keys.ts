import { TokenNotAcceptableError, quote } from '../errors.ts'
import { KeySet, type KeySetOptions } from './key-set.ts'
import type { KeyHint, KeySource } from './key-source.ts'

/** Keys given by the caller, for tests, air-gapped sites and browsers: issuer to JWKS document. Never any I/O. */
export class StaticKeys implements KeySource {
  readonly #sets = new Map<string, KeySet | Promise<KeySet>>()

  /** @param documents - issuer to its JWKS document, parsed. */
  constructor(documents: Readonly<Record<string, unknown>>, options: KeySetOptions = {}) {
    for (const [issuer, document] of Object.entries(documents)) {
      const loading = KeySet.fromJwks(document, options)
      this.#sets.set(issuer, loading)
      loading.then(
        (set) => this.#sets.set(issuer, set),
        () => {}, // told to whoever asks
      )
    }
  }

  /** Throws `untrusted_issuer` for an issuer that was not given, `config_error` for a document that is no key set. */
  getKeySet(issuer: string, _hint?: KeyHint): KeySet | Promise<KeySet> {
    const set = this.#sets.get(issuer)
    if (set) return set
    throw new TokenNotAcceptableError('untrusted_issuer', `no keys are known for the issuer ${quote(issuer)}`, {
      issuer,
    })
  }
}
