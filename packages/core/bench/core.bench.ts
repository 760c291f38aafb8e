// `npm run bench -- core`: what core costs beside jose and beside the bare operation of node:crypto, in one run.
import { spawnSync } from 'node:child_process'
import { createPrivateKey, createPublicKey, type KeyObject, sign, verify } from 'node:crypto'
import { existsSync } from 'node:fs'
import { decodeJwt, decodeProtectedHeader, importJWK, jwtVerify, SignJWT } from 'jose'
import {
  coversPath,
  decodeUnverified,
  parseRequestPath,
  parseScopes,
  type Path,
  signToken,
  verifyToken,
} from '../src/index.ts'
import { createTestIssuer } from '../src/testing.ts'
import { measure, median, type Operation, type Timing } from './measure.ts'
import { bundledSize } from './size.ts'

const CLAIMS = { sub: 'ana', aud: 'https://storage.example', scope: 'read:/store write:/store/user/ana' }

function print(timings: readonly Timing[], note: (timing: Timing, first: Timing) => string): void {
  for (const timing of timings) {
    console.log(`| ${timing.name} | ${format(timing.medianUs)} | ${note(timing, timings[0]!)} |`)
  }
}

const format = (us: number): string => (us < 1 ? `${(us * 1000).toFixed(0)} ns` : `${us.toFixed(1)} µs`)
const beside = ({ medianUs }: Timing, first: Timing): string => `${(medianUs / first.medianUs).toFixed(2)} ×`

/**
 * Signing and verifying, by us, by jose, and bare. Bare is node:crypto's operation in its quickest form, and nothing else: a key that
 * was imported before, given as it is, bytes that are there, and for ES256 a signature in DER, which no token has.
 */
async function signatures(alg: 'ES256' | 'RS256'): Promise<Record<'verify' | 'sign', Record<string, Operation>>> {
  const issuer = await createTestIssuer({ alg })
  const text = await issuer.sign(CLAIMS)
  const options = { keys: issuer.keys }
  await verifyToken(text, options)
  const jwk = issuer.key.exportJwk()
  const josePrivate = await importJWK(jwk as never, alg)
  const josePublic = await importJWK(issuer.key.publicJwk as never, alg)
  const privateKey: KeyObject = createPrivateKey({ key: jwk as never, format: 'jwk' })
  const publicKey: KeyObject = createPublicKey(privateKey)
  const data = Buffer.from(text.slice(0, text.lastIndexOf('.')))
  const native = sign('sha256', data, privateKey)
  const ofToken = Buffer.from(text.slice(text.lastIndexOf('.') + 1), 'base64url')
  const asUsual = { key: publicKey, dsaEncoding: 'ieee-p1363' as const }
  const claims = { iss: issuer.issuer, ...CLAIMS }
  return {
    verify: {
      [`${alg}: node:crypto verify`]: () => verify('sha256', data, publicKey, native),
      // What is left to win by checking less: no form, no duplicate, no issuer, no profile.
      [`${alg}: the same and both parts through Buffer and JSON.parse`]: () => [
        decodeParts(text),
        verify('sha256', Buffer.from(text.slice(0, text.lastIndexOf('.'))), publicKey, native),
        Buffer.from(text.slice(text.lastIndexOf('.') + 1), 'base64url'),
      ],
      [`${alg}: node:crypto verify as it is called as a rule, with dsaEncoding`]: () =>
        verify('sha256', data, asUsual, ofToken),
      [`${alg}: verifyToken`]: () => verifyToken(text, options),
      [`${alg}: jose jwtVerify`]: () => jwtVerify(text, josePublic),
    },
    sign: {
      [`${alg}: node:crypto sign`]: () => sign('sha256', data, privateKey),
      [`${alg}: signToken`]: () => signToken({ signer: issuer.key, claims }),
      [`${alg}: jose SignJWT`]: () =>
        new SignJWT(claims)
          .setProtectedHeader({ alg, kid: issuer.key.kid })
          .setIssuedAt()
          .setNotBefore(0)
          .setExpirationTime('10m')
          .setJti(crypto.randomUUID())
          .sign(josePrivate),
    },
  }
}

function decodeParts(text: string): readonly unknown[] {
  return text.split('.', 2).map((part) => JSON.parse(Buffer.from(part, 'base64url').toString()) as unknown)
}

console.log('| what | median | beside the bare operation |\n| --- | --- | --- |')
for (const alg of ['ES256', 'RS256'] as const) {
  // oxlint-disable-next-line no-await-in-loop -- one thing at a time is the point
  const { verify: verifying, sign: signing } = await signatures(alg)
  // oxlint-disable-next-line no-await-in-loop -- as above
  print(await measure(verifying), beside)
  // oxlint-disable-next-line no-await-in-loop -- as above
  print(await measure(signing), beside)
}

const issuer = await createTestIssuer()
const text = await issuer.sign(CLAIMS)
print(
  await measure({
    'decode: JSON.parse of both parts': () => decodeParts(text),
    'decode: decodeUnverified': () => decodeUnverified(text),
    'decode: jose decodeProtectedHeader and decodeJwt': () => [decodeProtectedHeader(text), decodeJwt(text)],
  }),
  beside,
)

const names = ['read', 'write', 'storage.read', 'storage.create']
const hundred = Array.from({ length: 100 }, (_, i) => `${names[i % 4]}:/store/user/u${i}/data-${i}.d`).join(' ')
const encoded = Array.from({ length: 100 }, (_, i) => `${names[i % 4]}:/store/%C3%A9t%C3%A9/u${i}`).join(' ')
const [scopePath, inside, outside] = ['/store/user/ana', '/store/user/ana/run7/file.root', '/store/user/anabel/x'].map(
  (path) => path as Path,
) as [Path, Path, Path]
const many = (work: () => unknown) => (): void => {
  for (let i = 0; i < 1000; i++) work()
}

console.log('\n| what | median | goal |\n| --- | --- | --- |')
const parsing = await measure({
  'parseScopes: 100 scopes': () => parseScopes(hundred),
  'parseScopes: 100 scopes, percent-encoded': () => parseScopes(encoded),
  parseRequestPath: () => parseRequestPath('/store/user/ana/run7/file.root'),
})
print(parsing, ({ name }) => (name === 'parseScopes: 100 scopes' ? 'under 30 µs' : ''))
let answers = 0
const covering = await measure({
  yes: many(() => (answers += Number(coversPath(scopePath, inside)))),
  no: many(() => (answers += Number(coversPath(scopePath, outside)))),
})
if (answers === 0) throw new Error('nothing was covered')
for (const { name, medianUs } of covering) {
  console.log(`| covers, the answer is ${name} | ${(1000 / medianUs).toFixed(0)} M/s | over 5 M/s |`)
}

const dist = `${import.meta.dirname}/../dist/bundle/index.js`
if (!existsSync(dist)) throw new Error('build first: npm run build')
const script = `const t = performance.now(); await import(${JSON.stringify(dist)}); console.log(performance.now() - t)`
const imports = Array.from({ length: 15 }, () =>
  Number(spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' }).stdout),
)
console.log(`| importing the main entry in a fresh process | ${median(imports).toFixed(1)} ms | under 15 ms |`)
console.log(
  `| main entry with jose, bundled for browsers, gzipped | ${(await bundledSize()) / 1000} kB | under 25 kB |`,
)
