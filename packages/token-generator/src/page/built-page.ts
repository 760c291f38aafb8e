import { readFile } from 'node:fs/promises'
import type { PageSources } from './page-files.ts'

/** The page as the build left it beside this file. From sources, `page/build/source-page.ts` stands in for this. */
export async function loadPage(): Promise<PageSources> {
  return JSON.parse(await readFile(new URL('./page.json', import.meta.url), 'utf8')) as PageSources
}
