import { TokenNotAcceptableError, UndecidedError } from '@scitokens/core'
import { given } from '@scitokens/core/internal'
import type { ShownCertificate } from './identity.ts'

/** Why a certificate, a proxy or an attribute certificate is not acceptable. Stable; `docs/x509.md` has a row for each. */
export type CertificateDefect =
  // form
  | 'malformed'
  | 'too_large'
  | 'chain_too_long'
  | 'too_many_signatures'
  | 'ambiguous_name'
  | 'duplicate_extension'
  | 'unknown_critical_extension'
  | 'unsupported_extension'
  // path
  | 'incomplete_chain'
  | 'unknown_authority'
  | 'authority_not_installed'
  | 'bad_signature'
  | 'weak_signature'
  | 'weak_key'
  | 'expired'
  | 'not_yet_valid'
  | 'revoked'
  | 'outside_namespace'
  // authorities
  | 'not_an_authority'
  | 'authority_key_usage'
  | 'authority_path_length'
  // end-entity
  | 'authority_as_client'
  | 'key_usage'
  | 'extended_key_usage'
  // proxies
  | 'proxy_info_not_critical'
  | 'proxy_of_authority'
  | 'proxy_name'
  | 'proxy_is_authority'
  | 'proxy_key_usage'
  | 'proxy_alternative_name'
  | 'proxy_path_length'
  | 'proxy_policy'
  | 'proxy_not_limited'
  | 'legacy_proxy'
  | 'mixed_proxies'
  | 'limited_proxy'
  // VOMS attributes
  | 'voms_malformed'
  | 'voms_unknown_vo'
  | 'voms_unknown_server'
  | 'voms_wrong_server'
  | 'voms_bad_signature'
  | 'voms_wrong_holder'
  | 'voms_expired'
  | 'voms_not_yet_valid'
  | 'voms_wrong_target'
  | 'voms_unknown_critical_extension'
  | 'voms_revocable'
  | 'voms_foreign_group'
  // the connection
  | 'session_resumed'
  | 'front_end_not_believed'
  | 'front_end_headers'

/** Why it could not be decided whether a certificate is acceptable. Time or the operator mends it, not the client. */
export type CertificateDoubt =
  | 'authorities_unreadable'
  | 'crl_missing'
  | 'crl_unreadable'
  | 'crl_expired'
  | 'crl_not_yet_valid'
  | 'crl_bad_signature'
  | 'crl_unsupported'
  | 'namespace_missing'
  | 'namespace_unreadable'
  | 'vomsdir_unreadable'

/** This certificate is not acceptable; {@link defect} says why. */
export class CertificateRefused extends TokenNotAcceptableError {
  /** Why. The message says it for people, with the names of those whom it is about. */
  readonly defect: CertificateDefect
  /** Whose certificate it is about, where it could be read. */
  about: ShownCertificate | undefined

  constructor(defect: CertificateDefect, message: string, cause?: unknown) {
    super('bad_certificate', message, given({ cause }))
    this.defect = defect
  }
}

/** Whether this certificate is acceptable could not be found out; {@link doubt} says why. */
export class CertificateUndecided extends UndecidedError {
  /** What is missing or unusable. The message says it for people, with the file or authority. */
  readonly doubt: CertificateDoubt
  /** Whose certificate it is about, where it could be read. */
  about: ShownCertificate | undefined

  constructor(doubt: CertificateDoubt, message: string, cause?: unknown) {
    super('undecided', message, given({ cause }))
    this.doubt = doubt
  }
}
