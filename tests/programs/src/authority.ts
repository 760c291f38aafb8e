import { execFileSync } from './processes.ts'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** A certificate authority in a directory of its own, made by `openssl`. */
export interface TestAuthority {
  /** Path and text of its certificate. */
  readonly file: string
  readonly pem: string
  /** The name that OpenSSL gives it in a hashed directory, without the `.0`. */
  readonly hash: string
  /** Certifies a new key for a host. */
  certify(host: string, options?: { expired?: boolean }): { key: string; cert: string }
}

export function createAuthority(directory: string, name = 'ca'): TestAuthority {
  const at = (file: string): string => join(directory, `${name}-${file}`)
  const openssl = (...args: string[]): string =>
    execFileSync('openssl', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
  const newKey = (file: string): void =>
    void openssl('ecparam', '-name', 'prime256v1', '-genkey', '-noout', '-out', file)
  let serial = 0

  newKey(at('ca.key'))
  const subject = ['-subj', `/CN=${name} of a test`]
  openssl('req', '-x509', '-new', '-key', at('ca.key'), ...subject, '-days', '2', '-out', at('ca.pem'))
  return {
    file: at('ca.pem'),
    pem: readFileSync(at('ca.pem'), 'utf8'),
    hash: openssl('x509', '-hash', '-noout', '-in', at('ca.pem')).trim(),
    certify: (host, { expired = false } = {}) => {
      const [key, csr, cert, extensions] = [at('s.key'), at('s.csr'), at('s.pem'), at('s.ext')]
      newKey(key)
      writeFileSync(extensions, `subjectAltName=DNS:${host}\n`)
      openssl('req', '-new', '-key', key, '-subj', `/CN=${host}`, '-out', csr)
      const authority = ['-CA', at('ca.pem'), '-CAkey', at('ca.key'), '-set_serial', String(++serial)]
      openssl(
        'x509',
        '-req',
        '-in',
        csr,
        ...authority,
        '-days',
        expired ? '-1' : '2',
        '-extfile',
        extensions,
        '-out',
        cert,
      )
      return { key: readFileSync(key, 'utf8'), cert: readFileSync(cert, 'utf8') }
    },
  }
}
