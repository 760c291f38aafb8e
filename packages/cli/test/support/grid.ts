import { execFileSync } from '@scitokens-tests/programs/processes'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { join } from 'node:path'
import { openIssuer, MemoryAudit } from '@scitokens/issuer'
import { openVerifier } from '@scitokens/x509'
import { onTestFinished } from 'vitest'
import { temporaryDirectory } from './scitokens.ts'
import { freePort } from './vo.ts'

/** An issuer that knows certificates, and somebody who has one. */
export interface Grid {
  readonly directory: string
  readonly url: string
  /** Of the authority, in PEM. */
  readonly ca: string
  readonly certificate: string
  readonly key: string
  /** A proxy of it, 0600. */
  readonly proxy: string
  readonly audit: MemoryAudit
  /** Requests for metadata, in their order. */
  readonly asked: string[]
}

const EXTENSIONS = `
[ person ]
keyUsage = critical,digitalSignature,keyEncipherment
[ server ]
subjectAltName = DNS:localhost
[ proxy ]
proxyCertInfo = critical,language:id-ppl-inheritAll
`

/** Starts an issuer with TLS, and makes the certificates of this scene with `openssl`. */
export async function startGrid(rules: readonly unknown[]): Promise<Grid> {
  const directory = temporaryDirectory()
  const at = (name: string): string => join(directory, name)
  const openssl = (...args: readonly string[]): string =>
    execFileSync('openssl', args, { cwd: directory, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
  writeFileSync(at('extensions'), EXTENSIONS)
  const key = (name: string): string[] => [
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:P-256',
    '-nodes',
    '-keyout',
    name,
  ]
  openssl('req', '-x509', ...key('ca.key'), '-subj', '/CN=CA', '-addext', 'keyUsage=keyCertSign', '-out', 'ca.pem')
  const issue = (name: string, subject: string, issuer: string, section: string): void => {
    openssl('req', '-new', ...key(`${name}.key`), '-subj', subject, '-out', `${name}.csr`)
    const by = ['-CA', `${issuer}.pem`, '-CAkey', `${issuer}.key`, '-CAcreateserial']
    const what = ['-days', '1', '-extfile', 'extensions', '-extensions', section]
    openssl('x509', '-req', '-in', `${name}.csr`, '-out', `${name}.pem`, ...by, ...what)
  }
  issue('server', '/CN=localhost', 'ca', 'server')
  issue('ana', '/CN=Ana', 'ca', 'person')
  issue('proxy', '/CN=Ana/CN=1', 'ana', 'proxy')
  const proxy = ['proxy.pem', 'proxy.key', 'ana.pem'].map((name) => readFileSync(at(name), 'utf8')).join('')
  writeFileSync(at('x509up'), proxy, { mode: 0o600 })
  mkdirSync(at('certificates'))
  const hash = openssl('x509', '-in', 'ca.pem', '-noout', '-hash').trim()
  writeFileSync(join(at('certificates'), `${hash}.0`), readFileSync(at('ca.pem')))
  writeFileSync(at('rules.json'), JSON.stringify({ rules }))

  const port = await freePort()
  const url = `https://localhost:${port}/vo`
  const audit = new MemoryAudit()
  const issuer = await openIssuer({
    issuer: url,
    storage: { memory: true },
    audit,
    x509: {
      verifier: await openVerifier({ authorities: at('certificates'), revocation: 'ignore', namespaces: 'ignore' }),
      rules: at('rules.json'),
      audiences: ['https://se.example', 'https://ce.example'],
      defaultAudience: 'https://se.example',
    },
  })
  onTestFinished(() => issuer.close())
  const app = issuer.buildServer({
    https: {
      cert: readFileSync(at('server.pem')),
      key: readFileSync(at('server.key')),
      requestCert: true,
      rejectUnauthorized: false,
    },
  } as object)
  const asked: string[] = []
  app.server.on('request', ({ url: path = '' }: IncomingMessage, _: ServerResponse) => {
    if (path.includes('.well-known')) asked.push(path)
  })
  await app.listen({ host: '127.0.0.1', port })
  return {
    directory,
    url,
    ca: at('ca.pem'),
    certificate: at('ana.pem'),
    key: at('ana.key'),
    proxy: at('x509up'),
    audit,
    asked,
  }
}
