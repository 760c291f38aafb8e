import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { createTestIssuer, type TestIssuer } from '@scitokens/core/testing'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { GuardOptions, Running } from './guard-contract.ts'
import { send } from './raw-request.ts'

// Attacks on a framework's static files behind the guard. Every file's content is its own path, and after the guard the judged path is
// noted: of each answer with content we can tell whether what was served is what was judged.

/** Where the guard and the static files sit. */
export interface Layout {
  readonly name: string
  /** What stands before the files in URLs. */
  readonly at: string
  /** What stands before the files in the paths that are judged: `at`, unless the guard takes that off. */
  readonly judgedAt: string
  /** Further spellings that lead to a file: target and file. */
  readonly alsoServes?: readonly (readonly [target: string, file: string])[]
  /**
   * Starts a server of the files in `root`, guarded with `read` below `at`, that answers refusals itself and tells the judged path,
   * URL-encoded, in the field `x-judged`.
   */
  readonly start: (root: string, options: GuardOptions) => Promise<Running>
}

const FILES = [
  '/public/a.txt',
  '/public/deep/b.txt',
  '/public/with space.txt',
  '/public/100%25.txt',
  '/public/index.html',
  '/PUBLIC/c.txt',
  '/publicity/d.txt',
  '/secret/s.txt',
  '/secret/public/e.txt',
  '/top.txt',
]
const AUDIENCE = 'https://data.example'

const TRICKS = [
  '/public/../secret/s.txt',
  '/public/%2e%2e/secret/s.txt',
  '/public/.%2e/secret/s.txt',
  '/public/%2E%2E%2Fsecret/s.txt',
  '/public/..%2fsecret/s.txt',
  '/public/..%5csecret/s.txt',
  '/public/..\\secret/s.txt',
  '/public/%252e%252e/secret/s.txt',
  '/public/%25252e%25252e/secret/s.txt',
  '/public/..;/secret/s.txt',
  '/public/%c0%ae%c0%ae/secret/s.txt',
  '/public/%u002e%u002e/secret/s.txt',
  '/public/./../secret/s.txt',
  '//secret/s.txt',
  '/.//secret/s.txt',
  '//public/../secret/s.txt',
  '/secret/s.txt',
  '/secret/public/e.txt',
  '/secret//public/e.txt',
  '/secret/s.txt?/public/a.txt',
  '/secret/s.txt#/public/a.txt',
  '/secret%2Fs.txt',
  '/secret/s.txt%00/public',
  '/secret/s.txt;/public',
  'http://127.0.0.1/secret/s.txt',
  'http://public/../secret/s.txt',
  '/PUBLIC/c.txt',
  '/Public/a.txt',
  '/%50UBLIC/c.txt',
  '/publicity/d.txt',
  '/public%69ty/d.txt',
  '/public\\..\\secret\\s.txt',
  '\\secret\\s.txt',
  '/top.txt',
  '/',
  '*',
]

const HARMLESS: readonly (readonly [target: string, file: string])[] = [
  ['/public/a.txt', '/public/a.txt'],
  ['/%70ublic/a%2Etxt', '/public/a.txt'],
  ['/public//deep///b.txt', '/public/deep/b.txt'],
  ['/./public/./a.txt', '/public/a.txt'],
  ['/public/with%20space.txt', '/public/with space.txt'],
  ['/public/a.txt?x=/secret/s.txt', '/public/a.txt'],
  ['/public/', '/public/index.html'],
]

const PIECES =
  '/ // . .. %2e %2E %2f %5c \\ %25 2e ; ? %00 @ public PUBLIC secret a.txt s.txt b.txt deep %70ublic index.html'.split(
    ' ',
  )

/** Fields by which servers in front name another path. None of them means anything here. */
const OTHER_PATHS = ['x-original-uri', 'x-original-url', 'x-rewrite-url', 'x-forwarded-uri', 'x-forwarded-prefix']

interface Served {
  readonly status: number
  readonly body: string
  /** What the guard judged, below `judgedAt`, if it let the request pass. */
  readonly judged: string | undefined
  readonly location: string | undefined
}

/** The path that is checked is the path that is served, whatever the layout. */
export function describeServedPaths(framework: string, layouts: readonly Layout[]): void {
  let root: string
  let issuer: TestIssuer
  beforeAll(async () => {
    root = mkdtempSync(join(tmpdir(), 'served-path-'))
    for (const path of FILES) {
      mkdirSync(dirname(join(root, path)), { recursive: true })
      writeFileSync(join(root, path), path)
    }
    issuer = await createTestIssuer()
  })
  afterAll(() => rmSync(root, { recursive: true, force: true }))

  describe.each(layouts)(`${framework} $name, behind the guard`, ({ at, judgedAt, alsoServes = [], start }) => {
    let app: Running
    let token: string
    beforeAll(async () => {
      const { issuer: issuers, keys, clock } = issuer
      token = await issuer.sign({ scope: `read:${judgedAt}/public`, aud: AUDIENCE })
      app = await start(root, { issuers, keys, clock, audience: AUDIENCE })
    })
    afterAll(() => app?.close())

    const belowPlace = (judged: string): string => {
      expect(judged.startsWith(judgedAt)).toBe(true)
      return judged.slice(judgedAt.length)
    }
    const get = async (path: string, headers: Readonly<Record<string, string>> = {}): Promise<Served> => {
      const fields = [['Authorization', `Bearer ${token}`] as const, ...Object.entries(headers)]
      const answer = await send(app.port, path, { headers: fields })
      const judged = answer.headers['x-judged']
      return {
        status: answer.status,
        body: answer.body,
        judged: typeof judged === 'string' ? belowPlace(decodeURIComponent(judged)) : undefined,
        location: answer.headers.location,
      }
    }

    it.each([...HARMLESS, ...alsoServes])('serves %s', async (target, file) => {
      const answer = await get(at + target)
      expect(answer).toMatchObject({ status: 200, body: file })
      expect(file.startsWith(answer.judged!)).toBe(true)
    })

    it.each(TRICKS)('does not serve %s', async (target) => {
      const absolute = target.startsWith('/') ? target : `/${target}`
      const spellings = [at + target, absolute, at.toUpperCase() + absolute, `/${at}${absolute}`]
      for (const { status, body } of await Promise.all(spellings.map((each) => get(each)))) {
        expect(status).toBeGreaterThanOrEqual(300)
        expect(FILES).not.toContain(body)
      }
    })

    it('a slash at the end makes no file of a directory, no directory of a file, and leads nowhere else', async () => {
      for (const target of ['/public', '/public/deep', '//public', '/public//', '/public/deep/', '/public/a.txt/']) {
        // oxlint-disable-next-line no-await-in-loop -- one after the other
        const { status, body, judged, location } = await get(at + target)
        if (status === 200)
          expect([judged, body]).toEqual([expect.stringMatching(/^\/public\/?$/), '/public/index.html'])
        else expect(status).toBeGreaterThanOrEqual(300)
        if (location === undefined) continue
        // A redirect stays on this server (`//public/` would be another), and below what was judged.
        expect(location).not.toMatch(/^\/\//)
        expect(location.replaceAll(/\/+/g, '/')).toMatch(new RegExp(`^${at}/public/(?:deep/)?$`))
      }
      // Names that only begin alike, with and without the slash.
      for (const target of ['/publicity', '/publicity/', '/secret', '/secret/', '/PUBLIC/', '/public../']) {
        // oxlint-disable-next-line no-await-in-loop -- one after the other
        expect((await get(at + target)).judged, target).toBeUndefined()
      }
    })

    it.each(OTHER_PATHS)('is not impressed by %s', async (name) => {
      expect(await get(`${at}/secret/s.txt`, { [name]: `${at}/public/a.txt` })).toMatchObject({ status: 403 })
      expect(await get(`${at}/public/a.txt`, { [name]: `${at}/secret/s.txt` })).toMatchObject({ body: '/public/a.txt' })
    })

    it('whatever is served is what was judged', async () => {
      const target = fc.array(fc.constantFrom(...PIECES), { maxLength: 8 }).map((parts) => `/${parts.join('')}`)
      let served = 0
      await fc.assert(
        fc.asyncProperty(target, async (path) => {
          const { status, body, judged } = await get(at + path)
          if (status !== 200) return
          served += 1
          expect(FILES).toContain(body)
          expect(body === judged || body === judged!.replace(/\/?$/, '/index.html')).toBe(true)
          expect(judged === '/public' || judged!.startsWith('/public/')).toBe(true)
        }),
        { numRuns: 300, examples: [['/public/a.txt'], ['/public//./deep/b.txt']] },
      )
      expect(served).toBeGreaterThan(0)
    })
  })
}
