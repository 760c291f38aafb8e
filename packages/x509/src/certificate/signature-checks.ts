import { setImmediate } from 'node:timers/promises'
import { CertificateRefused } from '../errors.ts'

/**
 * How many checks of signatures one request may cost. The longest chain that is read (sixteen certificates, eight attribute certificates)
 * needs fewer; each is by a key whose strength was judged before, and takes about a millisecond at most.
 */
const MAX_CHECKS = 40
/** So many are done in one turn of the event loop. */
const CHECKS_IN_A_TURN = 4

/** Counts what a request costs, and refuses it before it costs more than any honest one. */
export class SignatureChecks {
  #spent = 0
  #rested = 0

  /** Before each check. Throws `CertificateRefused`. */
  take(): void {
    if (this.#spent >= MAX_CHECKS) {
      throw new CertificateRefused('too_many_signatures', `more than ${MAX_CHECKS} signatures would have to be checked`)
    }
    this.#spent += 1
  }

  /** Lets others go on, where many were checked. */
  async rest(): Promise<void> {
    if (this.#spent - this.#rested < CHECKS_IN_A_TURN) return
    this.#rested = this.#spent
    await setImmediate()
  }
}
