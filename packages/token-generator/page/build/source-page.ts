import type { PageSources } from '../../src/page/page-files.ts'

let bundling: Promise<PageSources> | undefined

/** The page from its sources, bundled once in a process: stands in for `src/page/built-page.ts` where nothing was built. */
export function loadPage(): Promise<PageSources> {
  // Whoever wants no page need not load the bundler.
  return (bundling ??= import('./bundle-page.ts').then(({ bundlePage }) => bundlePage()))
}
