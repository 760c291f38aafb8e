import { chownSync, mkdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { requirePrograms } from '../programs.ts'
import type { Xrootd } from './server.ts'

/** What lies in `/store/a.txt` once {@link fillStore} has run. */
export const STORED = 'hello from the grid\n'

/** Throws, naming the Debian packages to install, where XRootD or one of its clients is missing. */
export function requireXrootdAndClients(): void {
  requirePrograms({
    xrootd: 'xrootd-server',
    xrdcp: 'xrootd-client',
    xrdfs: 'xrootd-client',
    'davix-get': 'davix',
    curl: 'curl',
    unshare: 'util-linux',
    openssl: 'openssl',
  })
}

/** Puts a file into `/store`, one into `/private`, and an empty directory for ana, all of them the server's own. */
export function fillStore({ dataDir }: Pick<Xrootd, 'dataDir'>): void {
  const { uid, gid } = statSync(dataDir)
  for (const directory of ['store', 'store/ana', 'private']) {
    mkdirSync(join(dataDir, directory))
    chownSync(join(dataDir, directory), uid, gid)
  }
  writeFileSync(join(dataDir, 'store/a.txt'), STORED)
  writeFileSync(join(dataDir, 'private/b.txt'), 'not for you\n')
}
