import { gzipSync } from 'node:zlib'
import { beforeAll, describe, expect, test } from 'vitest'
import { bundlePage } from '../../page/build/bundle-page.ts'
import { preparePage, type PageSources } from '../../src/page/page-files.ts'
import { startDemo } from '../demo-server.ts'

let files: PageSources
beforeAll(async () => {
  files = await bundlePage()
})

/** Bytes of a first visit, service worker and all. The promise is 150 kB; whoever needs more than this should know it. */
const BUDGET = 60_000

describe('the finished page', () => {
  test(`takes less than ${BUDGET} bytes for the first visit, compressed`, () => {
    const sizes = Object.entries(files).map(([name, text]) => [name, gzipSync(text, { level: 9 }).length] as const)
    const sum = sizes.reduce((total, [, size]) => total + size, 0)
    expect(sum, JSON.stringify(sizes)).toBeLessThan(BUDGET)
    // A bundle that is empty would be small, too.
    expect(sum).toBeGreaterThan(20_000)
  })

  test('has no script or style in its HTML, and loads nothing from elsewhere', () => {
    for (const name of ['index.html', 'device-code.html']) {
      const html = files[name]!
      expect(html).not.toMatch(/<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)|javascript:/i)
      const loaded = [...html.matchAll(/<(?:script|link|img)[^>]*\s(?:src|href)="([^"]+)"/g)].map(([, url]) => url!)
      expect(loaded.length).toBeGreaterThan(1)
      for (const url of loaded) expect(Object.keys(files)).toContain(url)
    }
    expect(Object.values(files).join('\n')).not.toMatch(/@import|url\(|from\s*["']https?:/)
  })

  test('is the same from the same sources, and names change with their content', async () => {
    expect(await bundlePage()).toEqual(files)
    const assets = Object.keys(files).filter((name) => name.startsWith('assets/'))
    expect(assets).toHaveLength(3)
    for (const name of assets) expect(name).toMatch(/-[0-9a-f]{12}\.\w+$/)
    expect(files['worker.js']).toContain(assets[0])
  })

  test('knows what every code means', () => {
    const script = Object.entries(files).find(([name]) => name.endsWith('.js') && name.startsWith('assets/'))![1]
    for (const code of ['scope_denied', 'widened_chain', 'config_error']) expect(script).toContain(code)
    expect(script).toContain('No scope of the token covers this operation on this path')
  })

  test('takes no file of a kind that it has no type for', () => {
    expect(() => preparePage({ 'x.exe': '' })).toThrow(/x\.exe/)
  })
})

describe('the page is sent', () => {
  test('with a policy that allows its own files and nothing else, never framed, without referrer', async () => {
    const demo = await startDemo()
    for (const path of ['/', '/device-code']) {
      // oxlint-disable-next-line no-await-in-loop -- two small requests
      const { headers } = await demo.get(path)
      const policy = headers.get('content-security-policy')!
      expect(policy).toContain("default-src 'none'")
      expect(policy).not.toMatch(/unsafe|\*|https?:|data:/)
      expect(policy).toContain("frame-ancestors 'none'")
      expect(policy).toContain("require-trusted-types-for 'script'")
      expect([headers.get('referrer-policy'), headers.get('x-content-type-options')]).toEqual([
        'no-referrer',
        'nosniff',
      ])
    }
  })

  test('compressed as the browser asks, asked for again only when it has changed', async () => {
    const demo = await startDemo()
    const script = Object.keys(files).find((name) => /^assets\/.*\.js$/.test(name))!
    const raw = async (encoding: string): Promise<Response> => demo.get(`/${script}`, { 'accept-encoding': encoding })
    expect((await raw('gzip, deflate, br')).headers.get('content-encoding')).toBe('br')
    expect((await raw('gzip')).headers.get('content-encoding')).toBe('gzip')
    expect((await raw('br;q=0, gzip')).headers.get('content-encoding')).toBe('gzip')
    const plain = await raw('identity')
    expect(plain.headers.get('content-encoding')).toBeNull()
    expect(await plain.text()).toBe(files[script])
    expect(plain.headers.get('cache-control')).toContain('immutable')
    const page = await demo.get('/')
    expect(page.headers.get('cache-control')).toBe('no-cache')
    expect((await demo.get('/', { 'if-none-match': page.headers.get('etag')! })).status).toBe(304)
  })

  test('and says of the server what it needs, and nothing secret', async () => {
    const demo = await startDemo({ trustedIssuers: ['https://vo.example'] })
    expect(await (await demo.get('/settings.json')).json()).toEqual({
      issuer: 'https://demo.example',
      lifetime: 600,
      maxLifetime: 86_400,
      trustedIssuers: ['https://vo.example'],
    })
  })
})
