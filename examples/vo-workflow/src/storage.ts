import { mkdir, writeFile } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { type AccessLogEntry, createStorageApp } from '@scitokens-examples/express-storage/app'
import { FileStorage } from '@scitokens-examples/express-storage/storage'

/** A storage service that trusts the VO's issuer and nobody else. */
export async function startStorage(options: {
  directory: string
  issuer: string
  log: (entry: AccessLogEntry) => void
}): Promise<{ url: string; close: () => Promise<void> }> {
  const { directory, issuer, log } = options
  const root = join(directory, 'storage')
  for (const path of ['input', 'output/ana', 'output/ben']) {
    // oxlint-disable-next-line no-await-in-loop -- three directories
    await mkdir(join(root, path), { recursive: true })
  }
  await writeFile(join(root, 'input', 'strain.dat'), '1 4 1 5 9 2 6 5 3 5\n')
  const { app, close } = createStorageApp({
    storage: await FileStorage.open({ root }),
    issuers: [issuer],
    audience: 'https://storage.ligo.example',
    keyCache: { cacheDir: join(directory, 'key-cache') },
    dangerouslyAllowLoopbackHttp: true,
    log,
  })
  const server = app.listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
      await close()
    },
  }
}
