import type { Clock } from '@scitokens/core'
import { backOff, LONGEST_WAIT, type Random } from '../oauth/back-off.ts'

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
      .filter(([, { nextProbe, probing }]) => probing || isAhead(nextProbe, now))
      .map(([issuer]) => issuer)
  }

  /** Asks for leave to speak to an issuer; whoever gets it reports back with {@link succeeded} or {@link failed}. */
  enter(issuer: string): boolean {
    const trouble = this.#troubles.get(issuer)
    if (!trouble) return true
    if (trouble.probing || isAhead(trouble.nextProbe, this.#clock())) return false
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
    const nextProbe = this.#clock() + backOff(failures, retryAfterSeconds, this.#random)
    this.#troubles.set(issuer, { failures, nextProbe, probing: false })
  }
}

/** Whether a pause still lasts. One longer than any pause was made by a clock that has been set back since. */
function isAhead(time: number, now: number): boolean {
  return time > now && time - now <= LONGEST_WAIT
}
