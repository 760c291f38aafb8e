import { InProcess } from './backend/in-process.ts'
import { Front } from './front.ts'
import { readSettings, type ServiceOptions } from './options.ts'
import type { Service } from './service.ts'

/**
 * Prepares a service: checks the options and reads the files of TLS. It listens when it is told what to serve.
 *
 * Throws `config_error`.
 */
export async function openService(options: ServiceOptions): Promise<Service> {
  const settings = readSettings(options)
  const { activation, workers } = settings
  // What starts processes is loaded where there are several.
  if (activation.worker !== undefined) {
    const { openWorker } = await import('./workers/worker.ts')
    return openWorker(settings)
  }
  if (workers > 1) {
    const { WorkerPool } = await import('./workers/pool.ts')
    const pool = await WorkerPool.open(settings, () => ({ addresses: front.addresses, address: front.address() }))
    const front: Front = new Front(settings, pool)
    return front
  }
  const backend = await InProcess.open({ ...settings, tls: settings.tls, address: () => front.address() })
  const front: Front = new Front(settings, backend)
  return front
}
