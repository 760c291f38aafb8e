import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { bundleForBrowsers } from './bundle.ts'
import { installedRuntime } from './install.ts'
import type { Outcome } from './suite.ts'

/** Runs the suite in each of the runtimes. */
export const RUNTIMES: Readonly<Record<string, () => Promise<readonly Outcome[]>>> = {
  node: () => runCommand(process.execPath, ['--conditions=@scitokens/source', ENTRY]),
  deno: async () =>
    runCommand(await installedRuntime('deno'), ['run', '--no-prompt', '--conditions=@scitokens/source', ENTRY]),
  bun: async () => runCommand(await installedRuntime('bun'), ['--conditions=@scitokens/source', ENTRY]),
  workerd: runInWorkerd,
  chromium: runInChromium,
}

const ENTRY = `${import.meta.dirname}/print-outcomes.ts`
const TIMEOUT_MS = 120_000

async function runCommand(command: string, args: readonly string[]): Promise<readonly Outcome[]> {
  const child = spawn(command, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    cwd: import.meta.dirname,
    signal: AbortSignal.timeout(TIMEOUT_MS),
    env: { ...process.env, DENO_NO_UPDATE_CHECK: '1', NO_COLOR: '1' },
  })
  const [output, problems] = await Promise.all([text(child.stdout), text(child.stderr)])
  try {
    return JSON.parse(output) as readonly Outcome[]
  } catch {
    throw new Error(`${command} printed no outcomes:\n${problems}`)
  }
}

const WORKERD_CONFIG = `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [(name = "main", worker = (
    modules = [(name = "worker.js", esModule = embed "worker.js")],
    compatibilityDate = "2026-01-01"))],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")]
);`

async function runInWorkerd(): Promise<readonly Outcome[]> {
  const command = await installedRuntime('workerd')
  const directory = mkdtempSync(join(tmpdir(), 'scitokens-workerd-'))
  writeFileSync(join(directory, 'worker.js'), await bundleForBrowsers('worker.ts'))
  writeFileSync(join(directory, 'config.capnp'), WORKERD_CONFIG)
  const child = spawn(command, ['serve', '--control-fd=3', join(directory, 'config.capnp')], {
    stdio: ['ignore', 'inherit', 'inherit', 'pipe'],
    signal: AbortSignal.timeout(TIMEOUT_MS),
  })
  try {
    const port = await listeningPort(child.stdio[3] as NodeJS.ReadableStream)
    const response = await fetch(`http://127.0.0.1:${port}/`)
    return (await response.json()) as readonly Outcome[]
  } finally {
    child.removeAllListeners('error').on('error', () => {})
    child.kill('SIGKILL')
    rmSync(directory, { recursive: true, force: true })
  }
}

/** workerd tells on its control channel where it listens, one JSON object a line. */
async function listeningPort(control: NodeJS.ReadableStream): Promise<number> {
  let said = ''
  for await (const chunk of control) {
    said += String(chunk)
    const port = /"event":"listen","socket":"http","port":(\d+)/.exec(said)?.[1]
    if (port !== undefined) return Number(port)
  }
  throw new Error('workerd ended before it listened')
}

async function runInChromium(): Promise<readonly Outcome[]> {
  const script = await bundleForBrowsers('page.ts')
  const { promise, resolve } = Promise.withResolvers<readonly Outcome[]>()
  const server = createServer((request, response) => {
    void (async () => {
      if (request.method === 'POST') resolve(JSON.parse(await text(request)) as readonly Outcome[])
      const isScript = request.url === '/page.js'
      response.setHeader('content-type', isScript ? 'text/javascript' : 'text/html')
      response.end(isScript ? script : '<!doctype html><script type="module" src="/page.js"></script>')
    })()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const profile = mkdtempSync(join(tmpdir(), 'scitokens-chromium-'))
  const { port } = server.address() as AddressInfo
  const child = spawn(
    process.env['CHROMIUM'] ?? 'chromium',
    [...CHROMIUM_FLAGS, `--user-data-dir=${profile}`, `http://127.0.0.1:${port}/`],
    { stdio: 'ignore', signal: AbortSignal.timeout(TIMEOUT_MS) },
  )
  try {
    const ended = once(child, 'exit').then(() => Promise.reject(new Error('Chromium ended before the page was done')))
    return await Promise.race([promise, ended])
  } finally {
    child.removeAllListeners().on('error', () => {})
    const gone = once(child, 'close')
    child.kill('SIGKILL')
    await gone
    server.closeAllConnections()
    server.close()
    rmSync(profile, { recursive: true, force: true, maxRetries: 5 })
  }
}

// Quiet, and without its own connections. Root, as in a container, cannot have the sandbox.
const CHROMIUM_FLAGS = [
  '--headless',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
]
