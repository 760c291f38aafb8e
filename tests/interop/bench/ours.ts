// This project as a contestant of peers.bench.ts: `node ours.ts fresh|seen`.
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { Enforcer } from '@scitokens/enforcer'

const lines = createInterface(process.stdin)[Symbol.asyncIterator]()
async function nextLine(): Promise<string> {
  const { value, done } = await lines.next()
  return done ? '' : value
}

const [issuer, audience, jwks] = [await nextLine(), await nextLine(), await nextLine()]
const tokens: string[] = []
for (let line = await nextLine(); line !== ''; line = await nextLine()) tokens.push(line)

const enforcer = new Enforcer({
  issuers: issuer,
  audience,
  keys: { [issuer]: JSON.parse(jwks) as unknown },
  ...(process.argv[2] === 'fresh' && { cache: false }),
})

async function judgeAll(times: number): Promise<string> {
  const [start, used] = [performance.now(), process.cpuUsage()]
  for (let time = 0; time < times; time++) {
    for (const token of tokens) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other is what is measured
      const { allowed } = await enforcer.decide(token, { authz: 'read', path: '/store/file' })
      if (!allowed) throw new Error('a token is refused')
    }
  }
  const wall = (performance.now() - start) * 1000
  const { user, system } = process.cpuUsage(used)
  return [wall, user + system].map((spent) => spent / (times * tokens.length)).join(' ')
}

console.log('ready')
for (let line = await nextLine(); line !== ''; line = await nextLine()) console.log(await judgeAll(Number(line)))
if (process.stdout.writableNeedDrain) await once(process.stdout, 'drain')
