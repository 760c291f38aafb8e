import { parseArgs } from 'node:util'
import { SciTokenError } from '@scitokens/core'
import type { SciTokensOptions } from '@scitokens/express-middleware'
import { FileStorage } from './storage.ts'

/** What the command line of a storage server says. */
export interface StorageCommand {
  readonly storage: FileStorage
  readonly guard: SciTokensOptions
  readonly host: string
  readonly port: number
}

const USAGE = `Usage: node src/main.ts --root DIR --issuer URL --audience URL [options]

  --root DIR         files to serve (made if missing)
  --issuer URL       whose tokens count; again for more
  --audience URL     the name of this server in tokens; again for more
  --base-path PATH   the part of the namespace that scopes are relative to; default /
  --resource URL     public URL of this server, for clients that ask where to get tokens
  --cache-dir DIR    where issuers' keys are kept; default ~/.cache/scitokens
  --host HOST        default 127.0.0.1: put a TLS proxy in front
  --port PORT        default 8080; 0 for a free one
  --loopback         accept issuers at http://127.0.0.1, for demonstrations and tests`

/** Reads the command line and opens the storage. Throws with one sentence for people. */
async function readCommand(args: readonly string[]): Promise<StorageCommand> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      root: { type: 'string' },
      issuer: { type: 'string', multiple: true },
      audience: { type: 'string', multiple: true },
      'base-path': { type: 'string' },
      resource: { type: 'string' },
      'cache-dir': { type: 'string' },
      host: { type: 'string', default: '127.0.0.1' },
      port: { type: 'string', default: '8080' },
      loopback: { type: 'boolean', default: false },
    },
  })
  const { root, issuer, audience, resource } = values
  if (root === undefined || !issuer || !audience)
    throw new TypeError(`--root, --issuer and --audience are needed\n\n${USAGE}`)
  if (!/^\d{1,5}$/.test(values.port)) throw new TypeError(`--port ${values.port} is no port`)
  return {
    storage: await FileStorage.open({ root }),
    guard: {
      issuers: issuer,
      audience,
      ...(values['base-path'] !== undefined && { basePath: values['base-path'] }),
      ...(resource !== undefined && { resource }),
      ...(values['cache-dir'] !== undefined && { keyCache: { cacheDir: values['cache-dir'] } }),
      dangerouslyAllowLoopbackHttp: values.loopback,
    },
    host: values.host,
    port: Number(values.port),
  }
}

/** A server that listens. */
export interface Running {
  readonly url: string
  readonly close: () => Promise<void>
}

/** Reads the command line, starts, and ends in order at a signal. What somebody can mend is told in one sentence. */
export async function runStorageServer(start: (command: StorageCommand) => Promise<Running>): Promise<void> {
  try {
    const { url, close } = await start(await readCommand(process.argv.slice(2)))
    console.log(`serving ${url}`)
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void close())
  } catch (error) {
    // A mistake in an argument, an occupied port, a directory that cannot be written: all have a sentence of their own.
    const known =
      error instanceof SciTokenError || error instanceof TypeError || (error as { code?: unknown }).code !== undefined
    console.error(known ? (error as Error).message : error)
    process.exitCode = 1
  }
}
