import { needs } from '@scitokens-tests/programs'
import { execFile, execFileSync } from '@scitokens-tests/programs/processes'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { TestIssuer } from '../support/test-issuer.ts'
import { temporaryDirectory } from '../support/workspace.ts'

const NEEDS = needs('mount', 'unshare')

/** A mount namespace of one's own is needed for a disk that can be filled; not every machine lets users have one. */
function canMount(): boolean {
  try {
    execFileSync('unshare', ['-rm', 'mount', '-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', '/mnt'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

const SCRIPT = `
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { OAuthClient, TokenManager } from ${JSON.stringify(join(import.meta.dirname, '../../src/index.ts'))}
const [disk, issuer, secret] = process.argv.slice(2)
const manager = await TokenManager.open({ stateDirectory: join(disk, 'state'), oauth: new OAuthClient({ dangerouslyAllowLoopbackHttp: true }) })
const ana = { owner: 'ana', service: 'vo' }
await manager.enrol({ ...ana, issuer, clientId: 'c', secret })
const file = join(disk, 'token')
const { token } = await manager.deliver({ ...ana, file })
const ballast = join(disk, 'ballast')
try { for (let size = 1 << 20; size > 0; size >>= 1) try { writeFileSync(ballast, Buffer.alloc(size), { flag: 'a' }) } catch {} } catch {}
const codes = []
for (let user = 0; user < 50; user++) {
  try { await manager.enrol({ owner: 'user' + user, service: 'vo', issuer, clientId: 'c', secret: 'x'.repeat(4000) }) }
  catch (error) { codes.push(error.code + ' ' + error.family); break }
}
const renewed = await manager.accessToken({ ...ana, minLifetime: 5000 }).then(() => 'renewed', (error) => error.code + ' ' + error.family)
const kept = readFileSync(file, 'utf8') === token + '\\n'
rmSync(ballast)
const after = await manager.accessToken({ ...ana, minLifetime: 2000 }).then(() => 'renewed', (error) => error.code)
console.log(JSON.stringify({ codes, renewed, kept, after }))
manager.close()
`

test.runIf(NEEDS.skip === true || canMount())(
  'a full disk is "could not decide"; jobs keep what they have, and all goes on when there is room',
  NEEDS,
  async () => {
    const issuer = await TestIssuer.start()
    issuer.grace = 1e6
    const directory = temporaryDirectory()
    const disk = join(directory, 'disk')
    mkdirSync(disk)
    writeFileSync(join(directory, 'fill.ts'), SCRIPT)
    const command = `mount -t tmpfs -o size=300k,mode=700 tmpfs "$1" && exec "$2" --conditions=@scitokens/source "$3" "$1" "$4" "$5"`
    const args = [
      '-rm',
      'sh',
      '-c',
      command,
      'sh',
      disk,
      process.execPath,
      join(directory, 'fill.ts'),
      issuer.url,
      issuer.login(),
    ]
    const { stdout } = await promisify(execFile)('unshare', args)
    expect(JSON.parse(stdout)).toEqual({
      codes: ['undecided undecided'],
      renewed: 'undecided undecided',
      kept: true,
      after: 'renewed',
    })
  },
)
