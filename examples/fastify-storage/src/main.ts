// A storage server on Fastify. `node src/main.ts` without arguments says what it wants to know.
import { runStorageServer } from '@scitokens-examples/express-storage/command-line'
import { createStorageApp } from './app.ts'

await runStorageServer(async ({ storage, guard, host, port }) => {
  const app = await createStorageApp({ ...guard, storage, log: (entry) => console.log(JSON.stringify(entry)) })
  return { url: await app.listen({ host, port }), close: () => app.close() }
})
