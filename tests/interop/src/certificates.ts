import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** A certificate authority that lives as long as the rig. */
export interface Authority {
  readonly certificate: string
  readonly key: string
}

/** A server's certificate and key, as files. */
export interface ServerCertificate {
  readonly certificate: string
  readonly key: string
}

/** Makes a certificate authority in `dir` with the machine's own `openssl`. */
export function createAuthority(dir: string): Authority {
  const key = join(dir, 'ca-key.pem')
  const certificate = join(dir, 'ca.pem')
  openssl(['ecparam', '-name', 'prime256v1', '-genkey', '-noout', '-out', key])
  const subject = ['-subj', '/O=Interop rig/CN=Interop rig CA']
  const extensions = [
    '-addext',
    'basicConstraints=critical,CA:TRUE',
    '-addext',
    'keyUsage=critical,keyCertSign,cRLSign',
  ]
  openssl(['req', '-x509', '-new', '-key', key, '-days', '2', '-out', certificate, ...subject, ...extensions])
  return { certificate, key }
}

/** Signs a certificate for a server on `localhost` and 127.0.0.1, or of another host name. */
export function signServerCertificate(
  dir: string,
  name: string,
  authority: Authority,
  host = 'localhost',
): ServerCertificate {
  const file = (suffix: string): string => join(dir, `${name}${suffix}`)
  const key = file('-key.pem')
  openssl(['ecparam', '-name', 'prime256v1', '-genkey', '-noout', '-out', key])
  openssl(['req', '-new', '-key', key, '-subj', `/O=Interop rig/CN=${name}`, '-out', file('.csr')])
  writeFileSync(file('.ext'), `subjectAltName=DNS:${host},IP:127.0.0.1\nextendedKeyUsage=serverAuth\n`)
  const certificate = file('.pem')
  const { certificate: ca, key: caKey } = authority
  const signing = ['-CA', ca, '-CAkey', caKey, '-CAcreateserial', '-days', '2', '-extfile', file('.ext')]
  openssl(['x509', '-req', '-in', file('.csr'), ...signing, '-out', certificate])
  return { certificate, key }
}

function openssl(args: readonly string[]): void {
  execFileSync('openssl', args, { stdio: ['ignore', 'ignore', 'pipe'] })
}
