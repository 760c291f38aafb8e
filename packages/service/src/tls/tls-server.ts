import type { SecureContextOptions } from 'node:tls'

/**
 * What a TLS server of a service talks: TLS 1.3, and of TLS 1.2 what has forward secrecy and authenticated encryption. RFC 9325
 * section 4.1 forbids static RSA, section 4.2 recommends these; Node's default has CBC and static RSA, too.
 */
export const TLS_SERVER: SecureContextOptions = {
  minVersion: 'TLSv1.2',
  ciphers: [
    'TLS_AES_128_GCM_SHA256',
    'TLS_AES_256_GCM_SHA384',
    'TLS_CHACHA20_POLY1305_SHA256',
    'ECDHE-ECDSA-AES128-GCM-SHA256',
    'ECDHE-RSA-AES128-GCM-SHA256',
    'ECDHE-ECDSA-AES256-GCM-SHA384',
    'ECDHE-RSA-AES256-GCM-SHA384',
    'ECDHE-ECDSA-CHACHA20-POLY1305',
    'ECDHE-RSA-CHACHA20-POLY1305',
  ].join(':'),
  honorCipherOrder: true,
}
