import { mkdir, writeFile } from 'node:fs/promises'
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { type AccessLogEntry, createStorageApp } from '@scitokens-examples/express-storage/app'
import { FileStorage } from '@scitokens-examples/express-storage/storage'
import { systemClock } from '@scitokens/core'
import { openIssuer } from '@scitokens/issuer'
import { listenOnLoopback } from './loopback.ts'

/** The audience of the storage server: the name that tokens must carry. */
export const STORAGE_AUDIENCE = 'https://storage.example'
/** A server elsewhere, for which the issuer makes tokens as well. */
export const OTHER_AUDIENCE = 'https://storage.elsewhere.example'

/** Ana's analysis: what it may do, and a second set of credentials whose tokens live for a minute only. */
const SCOPES: readonly string[] = ['read:/store', 'write:/store/user/ana']
export const CLIENT = 'ana-analysis'
export const SHORT_CLIENT = 'ana-one-minute'

/** A VO's issuer and a storage server, running. */
export interface Site {
  readonly issuerUrl: string
  readonly storageUrl: string
  /** OAuth client secrets by client id: made for this run, never printed. */
  readonly secrets: Readonly<Record<string, string>>
  /** What the storage server has decided, in order. */
  readonly accessLog: readonly AccessLogEntry[]
  /** Lets the storage server's clock run ahead, in seconds. */
  shiftStorageClock(seconds: number): void
  close(): Promise<void>
}

/** Starts both servers on loopback, on free ports, with all their files in `directory`. */
export async function startSite(directory: string): Promise<Site> {
  const closing: (() => Promise<unknown>)[] = []
  const close = async (): Promise<void> => {
    for (const step of closing.splice(0).toReversed()) await step()
  }
  try {
    return { ...(await start(directory, closing)), close }
  } catch (error) {
    await close()
    throw error
  }
}

async function start(directory: string, closing: (() => Promise<unknown>)[]): Promise<Omit<Site, 'close'>> {
  const secrets = { [CLIENT]: newSecret(), [SHORT_CLIENT]: newSecret() }
  const issuerUrl = await startIssuer(directory, secrets, closing)

  const storage = await FileStorage.open({ root: join(directory, 'storage') })
  await mkdir(join(storage.root, 'store', 'data'), { recursive: true })
  await writeFile(join(storage.root, 'store', 'data', 'run-1.txt'), 'one muon, two electrons\n')
  const accessLog: AccessLogEntry[] = []
  let ahead = 0
  const { app, close } = createStorageApp({
    storage,
    issuers: issuerUrl,
    audience: STORAGE_AUDIENCE,
    clock: () => systemClock() + ahead,
    keyCache: { cacheDir: join(directory, 'key-cache'), clock: systemClock },
    dangerouslyAllowLoopbackHttp: true, // a demonstration on one machine: elsewhere issuers have HTTPS
    log: (entry) => accessLog.push(entry),
  })
  closing.push(close)
  const front = await listenOnLoopback()
  closing.push(front.close)
  front.server.on('request', app)

  const shiftStorageClock = (seconds: number): void => void (ahead = seconds)
  return { issuerUrl, storageUrl: front.url, secrets, accessLog, shiftStorageClock }
}

async function startIssuer(
  directory: string,
  secrets: Readonly<Record<string, string>>,
  closing: (() => Promise<unknown>)[],
): Promise<string> {
  const front = await listenOnLoopback()
  closing.push(front.close)
  const ana = {
    subject: 'ana',
    scopes: SCOPES,
    audiences: [STORAGE_AUDIENCE, OTHER_AUDIENCE],
    defaultAudience: STORAGE_AUDIENCE,
  }
  const issuer = await openIssuer({
    issuer: front.url,
    storage: { file: join(directory, 'issuer.sqlite') },
    dangerouslyAllowLoopbackHttp: true,
    clients: [
      { ...ana, clientId: CLIENT, clientSecret: secrets[CLIENT]! },
      { ...ana, clientId: SHORT_CLIENT, clientSecret: secrets[SHORT_CLIENT]!, lifetime: 60 },
    ],
  })
  closing.push(() => issuer.close())
  const server = issuer.buildServer({
    serverFactory: (handler) => front.server.on('request', handler as () => void),
  })
  await server.ready()
  return front.url
}

function newSecret(): string {
  return randomBytes(24).toString('base64url')
}
