// A peer for tests. It grants whatever is `read`, and misbehaves once, at the first question, as its argument says.
import { createInterface } from 'node:readline'

const [mood] = process.argv.slice(2)
const say = (answer: unknown): void => console.log(JSON.stringify(answer))

for await (const line of createInterface({ input: process.stdin })) {
  const question = JSON.parse(line) as { hello?: string; verifier?: number; request?: { authz: string } }
  if (question.hello !== undefined) {
    say({
      protocol: question.hello,
      name: 'stand-in 1.0',
      operations: ['test'],
      options: { issuers: true, audience: true, profiles: ['compat'], clockTolerance: [0] },
    })
  } else if (question.verifier === 1 && mood === 'dies') {
    console.error('out of luck')
    process.exit(1)
  } else if (question.verifier === 1 && mood === 'strays') {
    say({ stray: 'TypeError in the peer' })
  } else if (question.verifier === 1 && mood === 'mumbles') {
    console.log('yes, I think')
  } else if (question.verifier === 1 && mood === 'shrugs') {
    say({ outcome: 'maybe' })
  } else {
    say({ outcome: question.request?.authz === 'read' ? 'allow' : 'deny' })
  }
}
