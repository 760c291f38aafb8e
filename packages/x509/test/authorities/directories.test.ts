import { mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Logger } from '@scitokens/core/internal'
import { describe, expect, test } from 'vitest'
import { CaDirectory } from '../../src/authorities/ca-directory.ts'
import { Certificate } from '../../src/certificate/certificate.ts'
import { readNamespaces, readSigningPolicy } from '../../src/authorities/namespaces.ts'
import { openVerifier } from '../../src/open-verifier.ts'
import { readLsc, VomsDirectory } from '../../src/voms/vomsdir.ts'
import { authorityExtension, crl, issue, keyUsage, NOW, type Party, pem, spec } from '../../src/testing/pki.ts'
import { temporaryDirectory } from '../scenario.ts'

function authority(name: string): Party {
  return issue(spec(name, [authorityExtension(), keyUsage('keyCertSign', 'cRLSign')]), undefined)
}

/** An empty directory of authorities, and what is logged about it. */
function directoryOfAuthorities(): { path: string; directory: CaDirectory; lines: string[] } {
  const path = temporaryDirectory()
  const lines: string[] = []
  const logger: Logger = { info: () => {}, warn: () => {}, error: (_, message) => void lines.push(message) }
  return { path, directory: new CaDirectory(path, logger), lines }
}

const nameOf = ({ der }: Party): Certificate['subject'] => Certificate.read(der).subject

describe('the directory of authorities', () => {
  test('is looked at again when an authority comes or goes', async () => {
    const { path, directory } = directoryOfAuthorities()
    const one = authority('/CN=One')
    expect(await directory.find(nameOf(one))).toEqual([])
    writeFileSync(join(path, 'aaaaaaaa.0'), pem(one.der))
    expect(await directory.find(nameOf(one))).toMatchObject([{ names: ['aaaaaaaa'] }])
    rmSync(join(path, 'aaaaaaaa.0'))
    expect(await directory.find(nameOf(one))).toEqual([])
  })

  test('has an authority once, though it lies there under two hashes, and takes the lists of both', async () => {
    const { path, directory } = directoryOfAuthorities()
    const one = authority('/CN=One')
    writeFileSync(join(path, 'one.pem'), pem(one.der))
    symlinkSync('one.pem', join(path, 'aaaaaaaa.0'))
    symlinkSync('one.pem', join(path, 'bbbbbbbb.0'))
    const list = { revoked: [7], thisUpdate: NOW, nextUpdate: NOW + 60, extensions: [] }
    writeFileSync(join(path, 'bbbbbbbb.r0'), pem(crl(one, list), 'X509 CRL'))
    const [found, ...others] = await directory.find(nameOf(one))
    expect(others).toEqual([])
    expect(found!.names).toEqual(['aaaaaaaa', 'bbbbbbbb'])
    expect(await directory.crls(found!)).toMatchObject([{ revoked: new Set(['07']) }])
  })

  test('keeps two authorities of one name apart: an old key and a new one', async () => {
    const { path, directory } = directoryOfAuthorities()
    const [old, young] = [authority('/CN=One'), authority('/CN=One')]
    writeFileSync(join(path, 'aaaaaaaa.0'), pem(old.der))
    writeFileSync(join(path, 'aaaaaaaa.1'), pem(young.der))
    expect(await directory.find(nameOf(old))).toHaveLength(2)
  })

  test('tells the log once of a file that cannot be read, and goes on with the others', async () => {
    const { path, directory, lines } = directoryOfAuthorities()
    const one = authority('/CN=One')
    writeFileSync(join(path, 'aaaaaaaa.0'), 'nothing')
    writeFileSync(join(path, 'bbbbbbbb.0'), pem(one.der))
    expect(await directory.find(nameOf(one))).toHaveLength(1)
    for (const name of ['cccccccc.0', 'dddddddd.0']) {
      writeFileSync(join(path, name), pem(authority(`/CN=${name}`).der))
      // oxlint-disable-next-line no-await-in-loop -- each is another look
      await directory.find(nameOf(one))
    }
    expect(lines).toEqual(['a certificate authority cannot be read'])
  })

  test('passes over what is not named by a hash', async () => {
    const { path, directory } = directoryOfAuthorities()
    const one = authority('/CN=One')
    for (const name of ['one.pem', 'aaaaaaaa.0.bak', 'aaaaaaa.0', 'aaaaaaaa.info'])
      writeFileSync(join(path, name), pem(one.der))
    expect(await directory.find(nameOf(one))).toEqual([])
  })

  test('takes a new revocation list at once', async () => {
    const { path, directory } = directoryOfAuthorities()
    const one = authority('/CN=One')
    writeFileSync(join(path, 'aaaaaaaa.0'), pem(one.der))
    const [found] = await directory.find(nameOf(one))
    for (const number of [5, 6]) {
      const list = { revoked: [number], thisUpdate: NOW, nextUpdate: NOW + 60, extensions: [] }
      writeFileSync(join(path, 'new'), crl(one, list))
      renameSync(join(path, 'new'), join(path, 'aaaaaaaa.r0'))
      // oxlint-disable-next-line no-await-in-loop -- one after the other is the test
      expect(await directory.crls(found!)).toMatchObject([{ revoked: new Set([`0${number}`]) }])
    }
  })
})

test.each([
  [{ authorities: undefined }, /^authorities: the directory of trusted authorities is missing$/],
  [{ authorities: 'MISSING' }, /^authorities: .*MISSING cannot be read$/],
  [{ authorities: 'EMPTY' }, /^authorities: .* has no authority/],
  [{ vomsDirectory: 'MISSING' }, /^vomsDirectory: .* is not there$/],
])('a directory that is not there stops the start: %j', async (change, message) => {
  const directory = temporaryDirectory()
  for (const name of ['EMPTY', 'GOOD']) mkdirSync(join(directory, name))
  writeFileSync(join(directory, 'GOOD', 'aaaaaaaa.0'), pem(authority('/CN=One').der))
  const names = Object.entries({ authorities: 'GOOD', ...change })
  const options = Object.fromEntries(names.flatMap(([key, name]) => (name ? [[key, join(directory, name)]] : [])))
  await expect(openVerifier(options)).rejects.toMatchObject({
    code: 'config_error',
    message: expect.stringMatching(message),
  })
})

describe('a signing policy', () => {
  const permits = (text: string, subject: string): boolean => {
    const fitting = readSigningPolicy(text).filter((rule) => rule.matches(subject))
    return fitting.length > 0 && fitting.every((rule) => rule.permits)
  }
  const policy = (subjects: string, rights = 'pos_rights globus CA:sign'): string =>
    `access_id_CA X509 '/CN=One'\n${rights}\ncond_subjects globus ${subjects}\n`

  test.each([
    [`'"/O=a/*" "/O=b/*"'`, '/O=b/CN=x', true],
    [`'/O=a/*'`, '/O=a/CN=x', true],
    [`"/O=a/CN=?"`, '/O=a/CN=x', true],
    [`"/O=a/CN=?"`, '/O=a/CN=xy', false],
    [`'"/O=a.b/*"'`, '/O=aXb/CN=x', false],
    [`'"/O=a/*"'`, '/O=A/CN=x', false],
    [`'"/O=a/*"'`, '/C=DE/O=a/CN=x', false],
    [`'"/O=a/Email=*"'`, '/O=a/emailAddress=x', true],
  ])('%s and %s: %s', (subjects, subject, is) => {
    expect(permits(policy(subjects), subject)).toBe(is)
  })

  test('denies what is denied, whatever else permits it', () => {
    const text = policy(`'"/O=a/*"'`) + policy(`'"/O=a/CN=root"'`, 'neg_rights globus CA:sign')
    expect([permits(text, '/O=a/CN=x'), permits(text, '/O=a/CN=root')]).toEqual([true, false])
  })

  test.each([['access_id_anybody X509 *'], ['neg_rights globus login'], ['nonsense']])(
    'with %j is refused whole',
    (line) => {
      expect(() => readSigningPolicy(`${policy(`'"/O=a/*"'`)}${line}\n`)).toThrow(/understood/)
    },
  )
})

describe('a namespace', () => {
  test.each([
    ['TO Issuer SELF PERMIT Subject "/O=a/.*"', '/O=a/CN=x', true],
    ['to issuer "/CN=One" \\\n  permit subject "/O=a/.*"', '/O=a/CN=x', true],
    ['# nothing\n\nTO Issuer SELF PERMIT Subject "/O=(a|b)/CN=x"', '/O=b/CN=x', true],
    ['TO Issuer SELF PERMIT Subject "/O=a/.*"', '/C=DE/O=a/CN=x', false],
    ['TO Issuer SELF PERMIT Subject "/O=a|/O=b"', '/O=bX', false],
  ])('%j and %s: %s', (text, subject, is) => {
    expect(readNamespaces(text).some((rule) => rule.permits && rule.matches(subject))).toBe(is)
  })

  test.each([['PERMIT everybody'], ['TO Issuer SELF PERMIT Subject "/O=("']])('with %j is refused whole', (text) => {
    expect(() => readNamespaces(text)).toThrow()
  })
})

test('a vomsdir is looked at again when its files change', async () => {
  const path = temporaryDirectory()
  const directory = new VomsDirectory(path)
  await expect(directory.chains('cms', 'voms.example.org')).rejects.toMatchObject({ defect: 'voms_unknown_vo' })
  mkdirSync(join(path, 'cms'))
  await expect(directory.chains('cms', 'voms.example.org')).rejects.toMatchObject({ defect: 'voms_unknown_server' })
  for (const name of ['/CN=one', '/CN=another']) {
    writeFileSync(join(path, 'new'), `# ours\n${name}/Email=x@example.org\n/CN=CA\n`)
    renameSync(join(path, 'new'), join(path, 'cms', 'voms.example.org.lsc'))
    // oxlint-disable-next-line no-await-in-loop -- one after the other is the test
    expect(await directory.chains('cms', 'voms.example.org')).toEqual([
      [`${name}/emailAddress=x@example.org`, '/CN=CA'],
    ])
  }
  expect(() => readLsc(Buffer.from('/CN=one\n'))).toThrow(/no issuer/)
})
