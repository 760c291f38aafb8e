import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { describe } from 'vitest'
import { createStorageApp } from '../src/app.ts'
import { describeStorageService } from './storage-contract.ts'

describe('the storage service on Express', () => {
  describeStorageService(async (storage, guard) => {
    const { app, close } = createStorageApp({ ...guard, storage })
    const server = app.listen(0, '127.0.0.1')
    await once(server, 'listening')
    return {
      url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      close: async () => {
        server.closeAllConnections()
        server.close()
        await close()
      },
    }
  })
})
