import { needing } from '@scitokens-tests/programs'
import { execFileSync } from '@scitokens-tests/programs/processes'
import {
  chmodSync,
  chownSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, onTestFinished } from 'vitest'
import { findGridCredential, type GridCredentialOptions } from '@scitokens/token-manager'

const { describe, test } = needing('openssl')

let made: string
beforeAll(() => {
  made = mkdtempSync(join(tmpdir(), 'grid-credential-'))
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', 'key.pem']
  execFileSync('openssl', ['req', '-x509', ...key, '-subj', '/CN=Ana', '-days', '1', '-out', 'cert.pem'], {
    cwd: made,
    stdio: 'ignore',
  })
  writeFileSync(
    join(made, 'both.pem'),
    readFileSync(join(made, 'cert.pem'), 'utf8') + readFileSync(join(made, 'key.pem'), 'utf8'),
  )
})
afterAll(() => rmSync(made, { recursive: true }))

/** A machine on which `files` lie: names and modes. */
function machine(...files: readonly (readonly [name: string, mode?: number])[]): {
  directory: string
  find: (more?: Partial<GridCredentialOptions>) => string
} {
  const directory = mkdtempSync(join(tmpdir(), 'grid-machine-'))
  onTestFinished(() => rmSync(directory, { recursive: true }))
  mkdirSync(join(directory, 'tmp'))
  mkdirSync(join(directory, 'host'))
  for (const [name, mode = 0o600] of files) {
    const kind = name.endsWith('key.pem') ? 'key.pem' : name.endsWith('cert.pem') ? 'cert.pem' : 'both.pem'
    copyFileSync(join(made, kind), join(directory, name))
    chmodSync(join(directory, name), mode)
  }
  const find = (more: Partial<GridCredentialOptions> = {}): string =>
    findGridCredential({
      env: {},
      now: Date.now() / 1000,
      proxyDirectory: join(directory, 'tmp'),
      hostDirectory: join(directory, 'host'),
      ...more,
    }).file.slice(directory.length + 1)
  return { directory, find }
}

const USUAL = `tmp/x509up_u${process.geteuid!()}`
const HOST = [['host/hostcert.pem', 0o644] as const, ['host/hostkey.pem', 0o400] as const]

describe('a credential is looked for', () => {
  test('where X509_USER_PROXY says, then in /tmp, then where X509_USER_CERT says, then as the host’s', () => {
    const { directory, find } = machine(['named'], [USUAL], ['own-cert.pem', 0o644], ['own-key.pem'], ...HOST)
    const own = { X509_USER_CERT: join(directory, 'own-cert.pem'), X509_USER_KEY: join(directory, 'own-key.pem') }
    expect(find({ env: { ...own, X509_USER_PROXY: join(directory, 'named') } })).toBe('named')
    expect(find({ env: own })).toBe(USUAL)
    rmSync(join(directory, USUAL))
    expect(find({ env: own })).toBe('own-cert.pem')
    expect(find()).toBe('host/hostcert.pem')
  })

  test('where it is told, before all that', () => {
    const { directory, find } = machine(['told'], ['own-cert.pem', 0o644], ['own-key.pem'], [USUAL])
    expect(find({ proxy: join(directory, 'told') })).toBe('told')
    expect(find({ certificate: join(directory, 'own-cert.pem'), key: join(directory, 'own-key.pem') })).toBe(
      'own-cert.pem',
    )
  })

  test('and nothing else is taken instead of one that is named and is not there', () => {
    const { directory, find } = machine([USUAL], ...HOST)
    const env = { X509_USER_PROXY: join(directory, 'none') }
    expect(() => find({ env })).toThrow(
      expect.objectContaining({ code: 'no_credentials', message: expect.stringMatching(/ENOENT/) }),
    )
  })

  test('and that there is none is told with the places', () => {
    const { find } = machine()
    expect(() => find()).toThrow(
      expect.objectContaining({
        code: 'no_credentials',
        message: expect.stringMatching(/X509_USER_PROXY, .*x509up_u/),
      }),
    )
  })
})

describe('a key', () => {
  test.each([[0o640], [0o604], [0o660]])('that others can read (mode %o) is refused', (mode) => {
    const { find } = machine([USUAL, mode])
    expect(() => find()).toThrow(
      expect.objectContaining({ code: 'config_error', message: expect.stringMatching(/chmod 600/) }),
    )
  })

  test('behind a link is refused: /tmp is everybody’s', () => {
    const { directory, find } = machine(['elsewhere'])
    symlinkSync(join(directory, 'elsewhere'), join(directory, USUAL))
    expect(() => find()).toThrow(/is a symbolic link/)
  })

  test('of somebody else is refused', () => {
    const theirs = 'tmp/x509up_u4242'
    const { directory, find } = machine([theirs])
    // What root makes may be everybody's; so it is given away here.
    if (process.geteuid!() === 0) chownSync(join(directory, theirs), 65_534, 65_534)
    expect(() => find({ uid: 4242 })).toThrow(/belongs to another user/)
  })
})

describe('a certificate', () => {
  test('that has expired, or is not valid yet, is told before anybody is asked', () => {
    const { find } = machine([USUAL])
    const now = Date.now() / 1000
    expect(() => find({ now: now + 2 * 86_400 })).toThrow(
      expect.objectContaining({ code: 'bad_certificate', reason: 'expired' }),
    )
    expect(() => find({ now: now - 86_400 })).toThrow(
      expect.objectContaining({ code: 'bad_certificate', reason: 'not_yet_valid' }),
    )
  })

  test('that is none is told', () => {
    const { directory, find } = machine([USUAL])
    writeFileSync(join(directory, USUAL), 'nothing')
    expect(() => find()).toThrow(
      expect.objectContaining({ code: 'config_error', message: expect.stringMatching(/no certificate/) }),
    )
  })
})

test('a certificate that is no file, or a huge one, is refused before it is read', () => {
  const { directory, find } = machine(['key.pem'])
  const key = join(directory, 'key.pem')
  const certificate = join(directory, 'usercert.pem')
  writeFileSync(certificate, '')
  truncateSync(certificate, 2 ** 33)
  expect(() => find({ certificate, key })).toThrow(/larger than 1048576 bytes/)
  rmSync(certificate)
  mkdirSync(certificate)
  expect(() => find({ certificate, key })).toThrow(/not a regular file/)
})
