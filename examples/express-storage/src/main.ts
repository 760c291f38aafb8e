// A storage server on Express. `node src/main.ts` without arguments says what it wants to know.
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { redactSecrets } from '@scitokens/core'
import { createStorageApp } from './app.ts'
import { runStorageServer } from './command-line.ts'

await runStorageServer(async ({ storage, guard, host, port }) => {
  const { app, close } = createStorageApp({
    ...guard,
    storage,
    // Whoever asks chooses the path: a token may stand in it.
    log: (entry) => console.log(redactSecrets(JSON.stringify(entry))),
  })
  const server = app.listen(port, host)
  await once(server, 'listening')
  return {
    url: `http://${host}:${(server.address() as AddressInfo).port}`,
    close: async () => {
      server.close()
      server.closeIdleConnections()
      await once(server, 'close')
      await close()
    },
  }
})
