// What the guard costs a route, tokens warm, the whole stack over HTTP: requests per second, and processor time per request, which a
// busy machine disturbs less. Each server has a process of its own, on the first core where the machine can pin it. Rounds alternate
// between all of a row, so that a slow moment meets all; ratios are medians of the rounds' ratios. `npm run bench -- guards`.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { createInterface, type Interface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import autocannon from 'autocannon'

// Two processes of one program differ by up to 5 µs a request, as V8 compiles them differently: so each server is started anew.
const STARTS = 5
const ROUNDS = 7
// V8 goes on compiling for some seconds.
const WARM_UP = 5
const SECONDS = Number(process.argv[2] ?? 1)
/** `fastify-file`: only this row. */
const ROW = process.argv[3]

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

async function start(framework: string, content: string, kind: string): Promise<Target> {
  const script = fileURLToPath(new URL('server.ts', import.meta.url))
  const node = [process.execPath, '--conditions=@scitokens/source', script, framework, content, kind]
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

/** Rounds of servers of several kinds, all started anew; who comes first alternates too. */
async function compare(framework: string, content: string, kinds: readonly string[]): Promise<readonly Round[][]> {
  const targets = await Promise.all(kinds.map((kind) => start(framework, content, kind)))
  const rounds: Round[][] = []
  for (let round = -WARM_UP; round < ROUNDS; round++) {
    const measured: Round[] = []
    for (const index of round % 2 === 0 ? targets.keys() : [...targets.keys()].toReversed()) {
      // oxlint-disable-next-line no-await-in-loop -- one at a time
      measured[index] = await measure(targets[index]!)
    }
    if (round >= 0) rounds.push(measured)
  }
  for (const { child } of targets) child.stdin!.end()
  return rounds
}

console.log('| | requests/s | | processor time | |')
console.log('| --- | --- | --- | --- | --- |')
for (const content of ['json', 'file']) {
  for (const framework of ['express', 'fastify']) {
    if (ROW !== undefined && ROW !== `${framework}-${content}`) continue
    const kinds = content === 'json' ? ['plain', 'empty', 'least', 'guarded'] : ['plain', 'guarded']
    const rounds: Round[][] = []
    for (let started = 0; started < STARTS; started++) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      rounds.push(...(await compare(framework, content, kinds)))
    }
    for (const [index, kind] of kinds.entries()) {
      const of = (read: (own: Round, plain: Round) => number): number =>
        median(rounds.map((round) => read(round[index]!, round[0]!)))
      const percent = (ratio: number): string => `${(ratio * 100).toFixed(1)} %`
      console.log(
        `| ${framework}, ${content}, ${kind} | ${of(({ perSecond }) => perSecond).toFixed(0)} ` +
          `| ${percent(of((own, plain) => own.perSecond / plain.perSecond))} | ${of(({ cpu }) => cpu).toFixed(1)} µs ` +
          `| ${percent(of((own, plain) => plain.cpu / own.cpu))} |`,
      )
    }
  }
}
