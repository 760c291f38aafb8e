import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { rolldown } from 'rolldown'
import type { PageSources } from '../../src/page/page-files.ts'

const PAGE = join(import.meta.dirname, '..')
const ERRORS = join(PAGE, '..', '..', '..', 'docs', 'errors.md')

/**
 * Makes the page from its sources: one script, one style sheet, the HTML around them, and the service worker that keeps them for
 * when there is no network. Names of files that are kept for ever change with their content.
 */
export async function bundlePage(): Promise<PageSources> {
  const [script, style, icon, index, device] = await Promise.all([
    bundle('src/main.ts', { __ERROR_ROWS__: JSON.stringify(errorRows(await readFile(ERRORS, 'utf8'))) }),
    readFile(join(PAGE, 'style.css'), 'utf8').then(squeeze),
    readFile(join(PAGE, 'icon.svg'), 'utf8').then(squeeze),
    readFile(join(PAGE, 'index.html'), 'utf8'),
    readFile(join(PAGE, 'device-code.html'), 'utf8'),
  ])
  const assets = {
    'app.js': named('app', 'js', script),
    'app.css': named('app', 'css', style),
    'icon.svg': named('icon', 'svg', icon),
  }
  const linked = (html: string): string =>
    squeeze(html.replaceAll(/%([\w.]+)%/g, (_, name: keyof typeof assets) => assets[name].file))
  const pages = { 'index.html': linked(index), 'device-code.html': linked(device) }
  const files = Object.fromEntries(Object.values(assets).map(({ file, text }) => [file, text]))
  // A worker is new when a byte of it is: the version covers everything that it keeps.
  const version = hash(JSON.stringify([pages, files]))
  const kept = ['./', 'device-code', ...Object.keys(files)]
  const worker = await bundle('src/worker.ts', {
    __VERSION__: JSON.stringify(version),
    __KEPT__: JSON.stringify(kept),
  })
  return { ...pages, ...files, 'worker.js': worker }
}

async function bundle(file: string, define: Readonly<Record<string, string>>): Promise<string> {
  const bundled = await rolldown({
    input: join(PAGE, file),
    platform: 'browser',
    resolve: { conditionNames: ['@scitokens/source', 'import', 'browser', 'default'] },
    transform: { define },
  })
  const { output } = await bundled.generate({ format: 'esm', minify: true, codeSplitting: false })
  await bundled.close()
  const [chunk, ...others] = output
  if (others.length > 0 || chunk.imports.length > 0) throw new Error(`${file} was not bundled into one script`)
  return chunk.code
}

/** What each code means and what to do about it, as the documentation says. */
function errorRows(markdown: string): Record<string, readonly [meaning: string, remedy: string]> {
  const rows = markdown.matchAll(/^\| `(\w+)` \| \w+ \| (.+?) \| (.+?) \|$/gm)
  return Object.fromEntries([...rows].map(([, code, meaning, remedy]) => [code, [meaning!, remedy!]]))
}

function named(name: string, extension: string, text: string): { readonly file: string; readonly text: string } {
  return { file: `assets/${name}-${hash(text)}.${extension}`, text }
}

function hash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 12)
}

/** Without indentation and comments. */
function squeeze(text: string): string {
  return text
    .replaceAll(/\/\*[^]*?\*\/|<!--[^]*?-->/g, '')
    .replaceAll(/\n\s*/g, '\n')
    .trim()
}
