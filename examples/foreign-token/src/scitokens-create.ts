import { execFile, spawnSync } from 'node:child_process'
import { generateKeyPairSync } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { type Jwks, publicJwkFromPem } from '@scitokens/core'

/** What to do where the tool is missing. */
export const MISSING_TOOL =
  'scitokens-create is not installed: apt-get install scitokens-cpp (Debian, Ubuntu) or dnf install scitokens-cpp'

/** Whether the tool of the C++ library is there. */
export function hasScitokensCreate(): boolean {
  return spawnSync('scitokens-create', ['--help']).error === undefined
}

/** What to put into a token. */
export interface ForeignTokenOptions {
  readonly claims: Readonly<Record<string, string>>
  /** As the tool names them. */
  readonly profile?: 'wlcg' | 'scitokens1' | 'scitokens2' | 'atjwt'
}

/** An issuer that has nothing of ours: OpenSSL's key format, and the C++ library's tool to sign with. */
export interface ForeignIssuer {
  readonly issuer: string
  /** Its public key as it would publish it. */
  readonly jwks: Jwks
  createToken(options: ForeignTokenOptions): Promise<string>
}

/** Writes a new key pair into PEM files, as an administrator would with `openssl ecparam`. */
export async function createForeignIssuer(issuer: string, directory: string): Promise<ForeignIssuer> {
  const { privateKey, publicKey } = generateKeyPairSync('ec', {
    namedCurve: 'P-256',
    privateKeyEncoding: { format: 'pem', type: 'sec1' },
    publicKeyEncoding: { format: 'pem', type: 'spki' },
  })
  const files = { key: join(directory, 'private.pem'), cred: join(directory, 'public.pem') }
  writeFileSync(files.key, privateKey, { mode: 0o600 })
  writeFileSync(files.cred, publicKey)
  return {
    issuer,
    jwks: { keys: [{ ...(await publicJwkFromPem(publicKey)), kid: 'key-1', alg: 'ES256', use: 'sig' }] },
    createToken: async ({ claims, profile = 'scitokens2' }) => {
      const args = Object.entries(claims).flatMap(([name, value]) => ['--claim', `${name}=${value}`])
      const signing = ['--cred', files.cred, '--key', files.key, '--keyid', 'key-1', '--issuer', issuer]
      const { stdout } = await promisify(execFile)('scitokens-create', [...signing, '--profile', profile, ...args])
      return stdout.trim()
    },
  }
}
