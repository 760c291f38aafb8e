import type { Clock } from '@scitokens/core'
import { isWaiting, type Random } from '@scitokens/core/internal'
import { LONGEST_WAIT, waitAfter } from '../oauth/back-off.ts'

interface Trouble {
  failures: number
  nextProbe: number
  probing: boolean
}

/**
 * Keeps ten thousand users from knocking at an issuer that is away: after a failure one probe at a time is let through, with
 * growing pauses, until one succeeds.
 */
export class IssuerCircuit {
  readonly #troubles = new Map<string, Trouble>()
  readonly #clock: Clock
  readonly #random: Random

  constructor(clock: Clock, random: Random = Math.random) {
    this.#clock = clock
    this.#random = random
  }

  /** Issuers that are not to be asked now. */
  blocked(): string[] {
    const now = this.#clock()
    return [...this.#troubles]
      .filter(([, { nextProbe, probing }]) => probing || isWaiting(nextProbe, now, LONGEST_WAIT))
      .map(([issuer]) => issuer)
  }

  /** Asks for leave to speak to an issuer; whoever gets it reports back with {@link succeeded} or {@link failed}. */
  enter(issuer: string): boolean {
    const trouble = this.#troubles.get(issuer)
    if (!trouble) return true
    if (trouble.probing || isWaiting(trouble.nextProbe, this.#clock(), LONGEST_WAIT)) return false
    trouble.probing = true
    return true
  }

  succeeded(issuer: string): void {
    this.#troubles.delete(issuer)
  }

  failed(issuer: string, retryAfterSeconds: number | undefined): void {
    const known = this.#troubles.get(issuer)
    // Requests that were under way when the first one failed say nothing new.
    if (known && !known.probing) return
    const failures = (known?.failures ?? 0) + 1
    const nextProbe = this.#clock() + waitAfter(failures, retryAfterSeconds, this.#random)
    this.#troubles.set(issuer, { failures, nextProbe, probing: false })
  }
}
