import { execFileSync } from '@scitokens-tests/programs/processes'
import { mkdtempSync, readFileSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { EventEmitter } from 'node:events'
import type { Logger } from '@scitokens/core/internal'
import type { Service, ServiceOptions } from '@scitokens/service'
import { openService } from '@scitokens/service'
import { onTestFinished } from 'vitest'

/** A directory of the test's own, 0700. */
export function temporaryDirectory(): string {
  const directory = realpathSync(mkdtempSync(join(tmpdir(), 'service-')))
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
  return directory
}

/** Lines of a log, as they were written. */
export class TestLog implements Logger {
  readonly lines: { level: string; details: object; message: string }[] = []
  readonly #write = (level: string) => (details: object, message: string) =>
    void this.lines.push({ level, details, message })

  readonly info: Logger['info'] = this.#write('info')
  readonly warn: Logger['warn'] = this.#write('warn')
  readonly error: Logger['error'] = this.#write('error')

  /** The messages of a level. */
  at(level: string): readonly string[] {
    return this.lines.filter((line) => line.level === level).map(({ message }) => message)
  }
}

/** Signals that a test sends to nobody but its service. */
export class TestSignals extends EventEmitter {}

/** A place with a port that is free. */
export const ANY: { readonly host: string; readonly port: number } = { host: '127.0.0.1', port: 0 }

/** A service that ends with the test. */
export async function open(options: Partial<ServiceOptions> = {}): Promise<Service> {
  const service = await openService({ name: 'test', listen: ANY, signals: false, ...options })
  onTestFinished(async () => {
    // Once to end it, once more to end the waiting.
    void service.stop()
    await service.stop()
  })
  return service
}

/** A new key and a certificate of its own for 127.0.0.1, made by openssl. */
export function selfSigned(directory: string, name: string): { readonly certificate: string; readonly key: string } {
  const files = { certificate: join(directory, `${name}.pem`), key: join(directory, `${name}.key`) }
  const request = 'req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj'.split(' ')
  const subject = [`/CN=${name}`, '-addext', 'subjectAltName=IP:127.0.0.1']
  execFileSync('openssl', [...request, ...subject, '-keyout', files.key, '-out', files.certificate], {
    stdio: 'ignore',
  })
  return files
}

/** The text of a file. */
export const read = (file: string): string => readFileSync(file, 'utf8')
