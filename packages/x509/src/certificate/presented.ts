import { CertificateRefused } from '../errors.ts'

const MAX_PRESENTED = 16

/** Refuses more certificates than any honest chain has, before any is looked at. */
export function checkPresented(count: number): void {
  if (count > MAX_PRESENTED) {
    throw new CertificateRefused('chain_too_long', `more than ${MAX_PRESENTED} certificates were presented`)
  }
}
