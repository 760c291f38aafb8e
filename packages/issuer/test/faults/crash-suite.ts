import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Answer, type CodeForm, FieldClient } from './field-client.ts'
import type { Begin, Phase } from './orders.ts'
import { ProcessIssuer } from './process-issuer.ts'

/** Before this phase nothing is written, from the next one on the transaction is. */
const UNWRITTEN: readonly Phase[] = ['before persist', 'amid persist']

/** What must hold when the process is killed, whichever the database. */
export function crashSuite(
  name: string,
  phases: readonly Phase[],
  storage: (folder: string) => Promise<Begin['storage']>,
): void {
  describe(`SIGKILL on ${name}`, () => {
    let folder: string
    let issuer: ProcessIssuer
    let client: FieldClient
    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'scitokens-crash-'))
      issuer = await ProcessIssuer.create({ storage: await storage(folder), audit: join(folder, 'audit.jsonl') })
      client = new FieldClient(issuer.url)
      await issuer.start()
    }, 120_000)
    afterAll(async () => {
      await issuer?.kill()
      await rm(folder, { recursive: true, force: true })
    })

    /** No token without its line, no secret in a log; both for all that came so far. */
    async function checkTraces(): Promise<void> {
      const lines = await issuer.auditLines()
      const issued = new Set(lines.filter(({ event }) => event === 'token_issued').map(({ jti }) => jti))
      expect([...client.received].filter((jti) => !issued.has(jti))).toEqual([])
      const logs = issuer.output + JSON.stringify(lines)
      expect([...client.secrets, issuer.begin.masterKey].filter((secret) => logs.includes(secret))).toEqual([])
    }

    test.each(phases)(
      '%s: a refresh goes on where it was, a code is redeemed once at most',
      async (phase) => {
        const families = await Promise.all(Array.from({ length: 3 }, () => client.family()))
        const codes: CodeForm[] = []
        for (let i = 0; i < 3; i++) codes.push(await client.code())
        // In the middle of a transaction nothing can wait: the first one ends it.
        await issuer.order({ phase, hits: phase === 'amid persist' ? 1 : families.length + codes.length })
        const [refreshed, redeemed] = await Promise.all([
          Promise.all(families.map((token) => client.refresh(token))),
          Promise.all(codes.map((form) => client.token(form))),
        ])
        await issuer.death()
        if (phase !== 'after reply')
          expect([...refreshed, ...redeemed]).toEqual(Array.from({ length: 6 }, () => undefined))

        await issuer.start()
        const retried = await Promise.all(families.map((token) => client.refresh(token)))
        expect(retried.map((answer) => answer?.status)).toEqual([200, 200, 200])
        for (const [index, answer] of retried.entries()) {
          const successor = answer!.body['refresh_token'] as string
          // Whoever got his answer before the end gets the same once more: there is one successor, not two.
          if (refreshed[index]) expect(successor).toBe(refreshed[index].body['refresh_token'])
          expect((await client.refresh(successor))?.status).toBe(200)
        }

        const again = await Promise.all(codes.map((form) => client.token(form)))
        const once = UNWRITTEN.includes(phase) ? 200 : 400
        expect(again.map((answer) => answer?.status)).toEqual([once, once, once])
        const third = await Promise.all(codes.map((form) => client.token(form)))
        expect(third.map((answer) => answer?.body['error'])).toEqual(codes.map(() => 'invalid_grant'))
        await checkTraces()
      },
      120_000,
    )

    test('at any moment under load: every family goes on, no code is redeemed twice', async () => {
      const families = await Promise.all(Array.from({ length: 6 }, () => client.family()))
      const codes: CodeForm[] = []
      for (let i = 0; i < 12; i++) codes.push(await client.code())
      const redeemed = new Map<string, number>()
      let left = 0
      const over = new AbortController()

      /** Asks until there is an answer: the issuer may be dead for a while. */
      async function answered(ask: () => Promise<Answer | undefined>): Promise<Answer> {
        for (;;) {
          const answer = await ask()
          if (answer) {
            if (--left === 0)
              issuer.kill().then(
                () => issuer.start(),
                () => {},
              )
            return answer
          }
          await new Promise((resolve) => setTimeout(resolve, 20))
        }
      }
      const refreshing = families.map(async (first) => {
        for (let token = first; !over.signal.aborted; ) {
          const answer = await answered(() => client.refresh(token))
          expect(answer).toMatchObject({ status: 200 })
          token = answer.body['refresh_token'] as string
        }
      })
      const round = async (forms: readonly CodeForm[], after: number): Promise<void> => {
        left = after
        const dead = issuer.death()
        for (const form of forms) {
          for (let time = 0; time < 2; time++) {
            const { status } = await answered(() => client.token(form))
            if (status === 200) redeemed.set(form.code, (redeemed.get(form.code) ?? 0) + 1)
          }
        }
        await dead
      }
      // Each time after another number of answers; what is under way then is in any phase.
      for (const [index, after] of [7, 23, 41].entries()) {
        await round(codes.slice(index * 4, index * 4 + 4), after)
        await answered(() => client.token({ grant_type: 'client_credentials' }))
      }
      over.abort()
      await Promise.all(refreshing)
      expect([...redeemed.values()].filter((times) => times > 1)).toEqual([])
      expect(redeemed.size).toBeGreaterThan(0)
      await checkTraces()
    }, 240_000)
  })
}
