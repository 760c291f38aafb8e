import { spawnSync } from '@scitokens-tests/programs/processes'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { SigningKey } from '@scitokens/core'

/** scitokens-cpp with a key cache of its own, in which an issuer's key lies: nothing is fetched. */
export interface CppTools {
  /** `scitokens-verify`: signature, times, profile. */
  verify(token: string): boolean
  /** `scitokens-test-access`: may the token do this at a server of this name? */
  testAccess(token: string, audience: string, authz: string, path: string): boolean
  /** `scitokens-create` with an ES256 key; claims are text. */
  create(key: SigningKey, claims: readonly string[], profile?: string): Promise<string>
  close(): void
}

/** Makes one for an issuer with an ES256 key. */
export async function openCppTools(issuer: string, key: SigningKey): Promise<CppTools> {
  const directory = mkdtempSync(join(tmpdir(), 'scitokens-interop-'))
  const publicFile = join(directory, 'public.pem')
  writeFileSync(publicFile, await key.exportPublicPem())
  const env = { PATH: process.env['PATH'] ?? '', HOME: directory, XDG_CACHE_HOME: directory }
  const run = (command: string, args: readonly string[], input = ''): { ok: boolean; output: string } => {
    const { error, status, stdout } = spawnSync(command, args, { env, input, encoding: 'utf8' })
    if (error) throw error
    return { ok: status === 0, output: stdout }
  }
  return {
    // Older versions take the token as argument, newer ones from standard input; both get both. The key is put in the cache.
    verify: (token) => run('scitokens-verify', ['-c', publicFile, '-i', issuer, '-K', key.kid, token], `${token}\n`).ok,
    testAccess: (token, audience, authz, path) =>
      run('scitokens-test-access', [token, issuer, audience, authz, path]).ok,
    create: async (signer, claims, profile) => {
      const privateFile = join(directory, 'private.pem')
      writeFileSync(privateFile, await signer.exportPem(), { mode: 0o600 })
      const named = claims.flatMap((claim) => ['--claim', claim])
      const args = ['-c', publicFile, '-k', privateFile, '-K', signer.kid, '-i', issuer, ...named]
      return run('scitokens-create', profile === undefined ? args : [...args, '-p', profile]).output.trim()
    },
    close: () => rmSync(directory, { recursive: true, force: true }),
  }
}
