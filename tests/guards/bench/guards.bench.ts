// Requests per second of a route with and without its guard, tokens warm, the whole stack over HTTP. Each server has a process of
// its own, on the first core where the machine can pin it. Rounds alternate between both, so that a slow moment of the machine meets
// both, and the ratio is the median of the rounds' ratios. `npm run bench -- guards`.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import autocannon from 'autocannon'

const ROUNDS = 7
const SECONDS = 3

interface Target {
  readonly child: ChildProcess
  readonly url: string
  readonly tokens: readonly string[]
}

async function start(framework: string, kind: string): Promise<Target> {
  const script = fileURLToPath(new URL('server.ts', import.meta.url))
  const node = [process.execPath, '--conditions=@scitokens/source', script, framework, kind]
  const pinned = spawnSync('taskset', ['-c', '0', 'true']).status === 0
  const [command, ...args] = pinned ? ['taskset', '-c', '0', ...node] : node
  const child = spawn(command!, args, {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, NODE_ENV: 'production' },
  })
  const [line] = (await once(createInterface(child.stdout), 'line')) as [string]
  return { child, ...(JSON.parse(line) as { url: string; tokens: string[] }) }
}

/** The unguarded server gets the same tokens to read off the wire: only the guard is the difference. */
async function requestsPerSecond({ url, tokens }: Target, duration: number): Promise<number> {
  const requests = tokens.map((token) => ({
    path: '/store/run-1/data.root',
    headers: { authorization: `Bearer ${token}` },
  }))
  const { requests: measured, non2xx, errors } = await autocannon({ url, connections: 20, duration, requests })
  if (non2xx + errors > 0) throw new Error(`${non2xx} refusals and ${errors} errors`)
  return measured.average
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!
}

console.log('| | unguarded, requests/s | guarded, requests/s | guarded / unguarded |\n| --- | --- | --- | --- |')
for (const framework of ['express', 'fastify']) {
  const [plain, guarded] = [await start(framework, 'plain'), await start(framework, 'guarded')]
  const rounds: (readonly [plain: number, guarded: number])[] = []
  for (let round = 0; round <= ROUNDS; round++) {
    const pair = [await requestsPerSecond(plain, SECONDS), await requestsPerSecond(guarded, SECONDS)] as const
    if (round > 0) rounds.push(pair) // the first one warms up
  }
  for (const { child } of [plain, guarded]) child.kill()
  const [without, withGuard] = [median(rounds.map(([a]) => a)), median(rounds.map(([, b]) => b))]
  const ratio = median(rounds.map(([a, b]) => b / a))
  console.log(`| ${framework} | ${Math.round(without)} | ${Math.round(withGuard)} | ${(ratio * 100).toFixed(1)} % |`)
}
