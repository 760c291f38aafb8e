import { execFileSync } from '@scitokens-tests/programs/processes'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'

/** An authority, a server and a client of its, and a stranger of the same name that made its certificate itself; by openssl, for tests that ask for it by name. */
export async function certificates(): Promise<
  Record<'ca' | 'server' | 'client' | 'comma' | 'stranger', { cert: string; key: string }>
> {
  const folder = await mkdtemp(join(tmpdir(), 'scitokens-tls-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  const openssl = (...args: string[]): void => void execFileSync('openssl', args, { cwd: folder, stdio: 'ignore' })
  const make = (name: string, subject: string, ...more: string[]): void =>
    openssl(
      'req',
      '-x509',
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:P-256',
      '-nodes',
      '-days',
      '2',
      '-keyout',
      `${name}.key`,
      '-out',
      `${name}.crt`,
      '-subj',
      subject,
      ...more,
    )
  make('ca', '/CN=Test CA')
  const signed = ['-CA', 'ca.crt', '-CAkey', 'ca.key', '-addext', 'basicConstraints=critical,CA:false']
  make('server', '/CN=localhost', ...signed, '-addext', 'subjectAltName=IP:127.0.0.1')
  make('client', '/O=VO/CN=robot', ...signed)
  make('comma', '/O=VO, Inc./CN=robot', ...signed)
  make('stranger', '/O=VO/CN=robot')
  const read = async (name: string) => ({
    cert: await readFile(join(folder, `${name}.crt`), 'utf8'),
    key: await readFile(join(folder, `${name}.key`), 'utf8'),
  })
  return {
    ca: await read('ca'),
    server: await read('server'),
    client: await read('client'),
    comma: await read('comma'),
    stranger: await read('stranger'),
  }
}
