import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { OAuthClient, TokenManager, type TokenManagerOptions } from '../../src/index.ts'
import { TestIssuer } from './test-issuer.ts'

/** A temporary directory that ends with the test. */
export function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'scitokens-tm-'))
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
  return directory
}

/** A manager for a test issuer, on the issuer's clock. */
export async function openManager(
  issuer: TestIssuer,
  options: Partial<TokenManagerOptions> = {},
): Promise<TokenManager & { directory: string }> {
  const directory = options.stateDirectory ?? join(temporaryDirectory(), 'state')
  const { clock } = issuer
  const oauth = new OAuthClient({ clock, dangerouslyAllowLoopbackHttp: true })
  const manager = await TokenManager.open({ stateDirectory: directory, clock, oauth, random: () => 0.5, ...options })
  onTestFinished(() => manager.close())
  return Object.assign(manager, { directory })
}

/** An issuer, a manager, and Ana's login. */
export async function withLogin(narrowing: 'auto' | 'refresh' | 'exchange' = 'refresh'): Promise<{
  issuer: TestIssuer
  manager: Awaited<ReturnType<typeof openManager>>
  refreshToken: string
  ana: { owner: string; service: string }
}> {
  const issuer = await TestIssuer.start()
  const manager = await openManager(issuer)
  const refreshToken = issuer.login()
  const ana = { owner: 'ana', service: 'vo' }
  await manager.enrol({
    ...ana,
    issuer: issuer.url,
    clientId: 'submit',
    clientSecret: 'secret-of-the-client',
    secret: refreshToken,
    scopes: ['read:/store', 'write:/store/ana'],
    audience: ['https://se.example'],
    narrowing,
  })
  return { issuer, manager, refreshToken, ana }
}
