import { describeStorageService } from '@scitokens-examples/express-storage/contract'
import { describe } from 'vitest'
import { createStorageApp } from '../src/app.ts'

describe('the storage service on Fastify', () => {
  describeStorageService(async (storage, guard) => {
    const app = await createStorageApp({ ...guard, storage })
    const url = await app.listen({ port: 0, host: '127.0.0.1' })
    return {
      url,
      close: async () => {
        app.server.closeAllConnections()
        await app.close()
      },
    }
  })
})
