// A storage server on Fastify. `node src/main.ts` without arguments says what it wants to know.
import { redactSecrets } from '@scitokens/core'
import { runStorageServer } from '@scitokens-examples/express-storage/command-line'
import { createStorageApp } from './app.ts'

await runStorageServer(async ({ storage, guard, host, port }) => {
  const app = await createStorageApp({
    ...guard,
    storage,
    // Whoever asks chooses the path: a token may stand in it.
    log: (entry) => console.log(redactSecrets(JSON.stringify(entry))),
  })
  return { url: await app.listen({ host, port }), close: () => app.close() }
})
