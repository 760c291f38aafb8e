import { execFileSync } from '@scitokens-tests/programs/processes'
import { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/** A new key and a certificate of its own for 127.0.0.1, made by openssl. */
export function selfSigned(
  dir: string,
  kind: 'ecdsa' | 'rsa' = 'ecdsa',
): { certificate: string; key: string; fingerprint: string } {
  const [key, certificate] = [join(dir, 'made.key'), join(dir, 'made.pem')]
  const newKey = kind === 'rsa' ? 'rsa:2048' : 'ec -pkeyopt ec_paramgen_curve:P-256'
  const request = `req -x509 -newkey ${newKey} -nodes -days 2 -subj /CN=127.0.0.1`
  execFileSync(
    'openssl',
    [...request.split(' '), '-addext', 'subjectAltName=IP:127.0.0.1', '-keyout', key, '-out', certificate],
    { stdio: 'ignore' },
  )
  const text = readFileSync(certificate, 'utf8')
  return { certificate: text, key: readFileSync(key, 'utf8'), fingerprint: new X509Certificate(text).fingerprint256 }
}
