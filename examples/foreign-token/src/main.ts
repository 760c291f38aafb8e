// A token that nobody here made: the C++ library's tool signs it, our Enforcer decides on it. See README.md.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Enforcer } from '@scitokens/enforcer'
import { createForeignIssuer, hasScitokensCreate, MISSING_TOOL } from './scitokens-create.ts'

const QUESTIONS = [
  { authz: 'read', path: '/store/data/run-1.txt' },
  { authz: 'write', path: '/store/data/run-1.txt' },
  { authz: 'read', path: '/admin/passwords.txt' },
] as const

async function main(): Promise<number> {
  if (!hasScitokensCreate()) {
    console.error(MISSING_TOOL)
    return 1
  }
  const directory = mkdtempSync(join(tmpdir(), 'foreign-token-'))
  try {
    const vo = await createForeignIssuer('https://vo.example', directory)
    const enforcer = new Enforcer({
      issuers: vo.issuer,
      audience: 'https://data.example',
      keys: { [vo.issuer]: vo.jwks },
    })
    const token = await vo.createToken({ claims: { sub: 'ana', aud: 'https://data.example', scope: 'read:/store' } })
    for (const question of QUESTIONS) {
      const decision = await enforcer.decide(token, question)
      const answer = decision.allowed ? 'allowed' : `refused (${decision.code})`
      console.log(`${question.authz} ${question.path}: ${answer}, ${decision.reason}`)
    }
    return 0
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

process.exitCode = await main()
