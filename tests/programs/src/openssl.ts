import { execFileSync } from './processes.ts'
import { appendFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Distinguished names begin so. */
export const BASE = '/DC=org/DC=example'

/** Files of somebody: certificate, key, and everything that he shows. */
export interface Files {
  readonly subject: string
  readonly certificate: string
  readonly key: string
  /** Certificate, key and chain in one, as proxies are kept. */
  readonly all: string
}

const CONFIG = `
[ person ]
keyUsage = critical,digitalSignature,keyEncipherment
[ server ]
subjectAltName = DNS:localhost,IP:127.0.0.1
[ inherit_all ]
keyUsage = critical,digitalSignature,keyEncipherment
proxyCertInfo = critical,language:id-ppl-inheritAll
[ last ]
proxyCertInfo = critical,language:id-ppl-inheritAll,pathlen:0
[ independent ]
proxyCertInfo = critical,language:id-ppl-independent
[ limited ]
proxyCertInfo = critical,language:1.3.6.1.4.1.3536.1.1.1.9
[ uncritical ]
proxyCertInfo = language:id-ppl-inheritAll
[ anything ]
proxyCertInfo = critical,language:id-ppl-anyLanguage,policy:text:AB
[ nothing ]
keyUsage = critical,digitalSignature
[ ca ]
default_ca = this
[ this ]
database = index
crlnumber = number
default_md = sha256
default_crl_days = 30
`

/** Words of a command line. Nothing in them has a blank of its own. */
export function words(...parts: readonly string[]): string[] {
  return parts.join(' ').split(' ')
}

/** An authority, people and proxies, made by `openssl` with its own configuration. */
export class OpenSsl {
  readonly directory: string = mkdtempSync(join(tmpdir(), 'x509-openssl-'))
  /** As `/etc/grid-security/certificates`. */
  readonly certificates: string = join(this.directory, 'certificates')
  readonly authority: Files
  readonly #hash: string
  readonly #rsa: boolean
  #serial = 100

  /** @param options - `rsa`: keys that `voms-clients` understand. */
  constructor({ rsa = false }: { rsa?: boolean } = {}) {
    this.#rsa = rsa
    mkdirSync(this.certificates)
    writeFileSync(join(this.directory, 'config'), CONFIG)
    for (const [name, text] of [
      ['index', ''],
      ['index.attr', ''],
      ['number', '01\n'],
    ] as const)
      writeFileSync(join(this.directory, name), text)
    this.authority = this.#files('ca', `${BASE}/CN=Test CA`)
    this.#key(this.authority)
    const { certificate, key, subject } = this.authority
    const usage = words('-days 30 -addext keyUsage=critical,keyCertSign,cRLSign')
    this.run(...words('req -x509 -new -sha256 -key', key, '-out', certificate), ...usage, '-subj', subject)
    this.#hash = this.run('x509', '-in', this.authority.certificate, '-noout', '-hash').trim()
    writeFileSync(join(this.certificates, `${this.#hash}.0`), readFileSync(this.authority.certificate))
    writeFileSync(
      join(this.certificates, `${this.#hash}.signing_policy`),
      `access_id_CA X509 '${this.authority.subject}'\npos_rights globus CA:sign\ncond_subjects globus '"${BASE}/*"'\n`,
    )
    this.publishRevocations()
  }

  /** Somebody whom the authority certifies. */
  person(name: string, section = 'person'): Files {
    const person = this.#files(name, `${BASE}/CN=${name}`)
    this.#issue(person, this.authority, section)
    return person
  }

  /** A proxy of somebody, or of a proxy. `section`: of the configuration above. */
  proxy(issuer: Files, section = 'inherit_all', name: string = `${++this.#serial}`): Files {
    const proxy = this.#files(`proxy-${++this.#serial}`, `${issuer.subject}/CN=${name}`)
    this.#issue(proxy, issuer, section)
    // What follows the issuer's own certificate and key is its chain.
    appendFileSync(proxy.all, certificatesOf(issuer.all))
    return proxy
  }

  revoke(person: Files): void {
    this.run(...this.#ca, '-revoke', person.certificate)
    this.publishRevocations()
  }

  publishRevocations(): void {
    this.run(...this.#ca, '-gencrl', '-out', join(this.certificates, `${this.#hash}.r0`))
  }

  run(...args: readonly string[]): string {
    return execFileSync('openssl', args, { cwd: this.directory, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
  }

  remove(): void {
    rmSync(this.directory, { recursive: true, force: true })
  }

  get #ca(): string[] {
    return [
      'ca',
      '-config',
      'config',
      '-name',
      'this',
      '-keyfile',
      this.authority.key,
      '-cert',
      this.authority.certificate,
    ]
  }

  #files(name: string, subject: string): Files {
    const file = (suffix: string): string => join(this.directory, `${name.replaceAll(/\W/g, '-')}.${suffix}`)
    return { subject, certificate: file('pem'), key: file('key'), all: file('all') }
  }

  #key({ key }: Files): void {
    const algorithm = this.#rsa
      ? ['RSA', '-pkeyopt', 'rsa_keygen_bits:2048']
      : ['EC', '-pkeyopt', 'ec_paramgen_curve:P-256']
    this.run('genpkey', '-algorithm', ...algorithm, '-out', key)
  }

  #issue(who: Files, issuer: Files, section: string): void {
    this.#key(who)
    const request = `${who.key}.csr`
    this.run('req', '-new', '-sha256', '-key', who.key, '-subj', who.subject, '-out', request)
    const by = words('-CA', issuer.certificate, '-CAkey', issuer.key, '-extfile config -extensions', section)
    const serial = words('-set_serial', `${++this.#serial}`)
    this.run(...words('x509 -req -sha256 -days 1 -in', request, '-out', who.certificate), ...by, ...serial)
    writeFileSync(who.all, readFileSync(who.certificate, 'utf8') + readFileSync(who.key, 'utf8'), { mode: 0o600 })
  }
}

function certificatesOf(file: string): string {
  const text = readFileSync(file, 'utf8')
  return (text.match(/-----BEGIN CERTIFICATE-----[^]*?-----END CERTIFICATE-----\n/g) ?? []).join('')
}
