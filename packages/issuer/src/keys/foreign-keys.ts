import type { Clock, KeySet, KeySource, KeyHint } from '@scitokens/core'
import { KeyCache } from '@scitokens/keycache'

/**
 * Keys of issuers whose assertions a client may bring and for whom none are configured: found by discovery, kept in memory. Asked only
 * for issuers that a client's `assertions` name, which may change while the issuer runs.
 */
export class ForeignKeys implements KeySource {
  readonly #options: { readonly clock: Clock; readonly dangerouslyAllowLoopbackHttp: boolean }
  readonly #caches = new Map<string, KeyCache>()

  constructor(options: { readonly clock: Clock; readonly dangerouslyAllowLoopbackHttp: boolean }) {
    this.#options = options
  }

  getKeySet(issuer: string, hint: KeyHint): KeySet | Promise<KeySet> {
    let cache = this.#caches.get(issuer)
    if (!cache) {
      cache = new KeyCache({ issuers: [issuer], store: 'memory', ...this.#options })
      this.#caches.set(issuer, cache)
    }
    return cache.getKeySet(issuer, hint)
  }

  async close(): Promise<void> {
    await Promise.all([...this.#caches.values()].map((cache) => cache.close()))
  }
}
