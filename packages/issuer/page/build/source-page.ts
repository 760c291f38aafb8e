import type { PageSources } from '../../src/demo/page-files.ts'
import { bundlePage } from './bundle-page.ts'

let bundling: Promise<PageSources> | undefined

/** The page from its sources, bundled once in a process: stands in for `src/demo/built-page.ts` where nothing was built. */
export function loadPage(): Promise<PageSources> {
  return (bundling ??= bundlePage())
}
