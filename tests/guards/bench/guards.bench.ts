// What the guard costs a route, tokens warm, the whole stack over HTTP: requests per second, and processor time per request, which a
// busy machine disturbs less. Each server has a process of its own, on the first core where the machine can pin it. Rounds alternate
// between both, so that a slow moment meets both; ratios are medians of the rounds' ratios. `npm run bench -- guards`.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { createInterface, type Interface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import autocannon from 'autocannon'

const ROUNDS = 21
// V8 goes on compiling for some seconds.
const WARM_UP = 7
const SECONDS = Number(process.argv[2] ?? 1)

interface Target {
  readonly child: ChildProcess
  readonly lines: Interface
  readonly url: string
  readonly tokens: readonly string[]
}

interface Round {
  readonly perSecond: number
  /** Processor time of the server per request, in microseconds. */
  readonly cpu: number
}

async function start(framework: string, kind: string): Promise<Target> {
  const script = fileURLToPath(new URL('server.ts', import.meta.url))
  const node = [process.execPath, '--conditions=@scitokens/source', script, framework, kind]
  const pinned = spawnSync('taskset', ['-c', '0', 'true']).status === 0
  const [command, ...args] = pinned ? ['taskset', '-c', '0', ...node] : node
  const env = { ...process.env, NODE_ENV: 'production' }
  const child = spawn(command!, args, { stdio: ['pipe', 'pipe', 'inherit'], env })
  const lines = createInterface(child.stdout)
  return { child, lines, ...(await nextLine<{ url: string; tokens: string[] }>(lines)) }
}

async function nextLine<T>(lines: Interface): Promise<T> {
  const [line] = (await once(lines, 'line')) as [string]
  return JSON.parse(line) as T
}

async function cpuOf({ child, lines }: Target): Promise<number> {
  child.stdin!.write('\n')
  return (await nextLine<{ cpu: number }>(lines)).cpu
}

/** The unguarded server gets the same tokens to read off the wire: only the guard is the difference. */
async function measure(target: Target): Promise<Round> {
  const { url, tokens } = target
  const requests = tokens.map((token) => ({
    path: '/store/run-1/data.root',
    headers: { authorization: `Bearer ${token}` },
  }))
  const before = await cpuOf(target)
  const { requests: sent, non2xx, errors } = await autocannon({ url, connections: 20, duration: SECONDS, requests })
  if (non2xx + errors > 0) throw new Error(`${non2xx} refusals and ${errors} errors`)
  return { perSecond: sent.average, cpu: ((await cpuOf(target)) - before) / sent.total }
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!
}

console.log('| | requests/s without guard | with guard | ratio | processor time without guard | with guard | ratio |')
console.log('| --- | --- | --- | --- | --- | --- | --- |')
for (const framework of process.argv[3]?.split(',') ?? ['express', 'fastify']) {
  const [plain, guarded] = [await start(framework, 'plain'), await start(framework, 'guarded')]
  const rounds: (readonly [plain: Round, guarded: Round])[] = []
  for (let round = -WARM_UP; round < ROUNDS; round++) {
    // Who comes first alternates too.
    const first = round % 2 === 0 ? await measure(plain) : undefined
    const withGuard = await measure(guarded)
    const pair = [first ?? (await measure(plain)), withGuard] as const
    if (round >= 0) rounds.push(pair)
  }
  for (const { child } of [plain, guarded]) child.stdin!.end()
  const of = (read: (round: readonly [Round, Round]) => number): number => median(rounds.map(read))
  const percent = (ratio: number): string => `${(ratio * 100).toFixed(1)} %`
  console.log(
    `| ${framework} | ${of(([a]) => a.perSecond).toFixed(0)} | ${of(([, b]) => b.perSecond).toFixed(0)} ` +
      `| ${percent(of(([a, b]) => b.perSecond / a.perSecond))} | ${of(([a]) => a.cpu).toFixed(1)} µs ` +
      `| ${of(([, b]) => b.cpu).toFixed(1)} µs | ${percent(of(([a, b]) => a.cpu / b.cpu))} |`,
  )
}
